"""Campaigns of single events: the outcome of one strike in each region of a target's memory.

- `run`: runs one; `task`: its looks, and when it needs no more trials; `stratum` keeps the trials
  of one stratum.
- `result`: what was found, region by region and kind by kind.
"""
