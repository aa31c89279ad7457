"""Vulnerability maps: the effect of one upset, tensor by tensor and bit position by bit position.

- `run`: makes a map, or a shard of one, with a `task` per tensor.
- `task`: one tensor: how many trials it gets, and when it is known; `stratum` keeps the trials of
  one stratum, `planning` says how many come first.
- `result`: what was found in a tensor; `map`: the finished map.
"""
