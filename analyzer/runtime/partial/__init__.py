"""Partial re-execution: a run starts late, at the last cut before its faults, and stops early.

Used by executors on every device. It imports `prepacked_weights`, `speculative_bounds`, `weights`,
`stretches` and `ort`.
"""
