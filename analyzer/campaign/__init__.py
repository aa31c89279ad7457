"""Campaigns: from a plan to its result, by blocks of trials that a journal keeps.

- `plan`: what a campaign does; `patterns` and `cells`: the faults of each trial.
- `golden_answers`: the data set and the fault-free answers; `trials`: one trial.
- `blocks`: sixteen trials, the unit of work; `tasks` and `runner`: which blocks are run, and when
  they are enough; `result`: what a campaign found.
- `journal`: finished blocks on disk; `workers`: the processes that run blocks.
- `maps`: vulnerability maps; `comparison`: several models side by side.
"""
