"""Numbers in, numbers out: additive tallies, honest intervals, campaign estimates.

Nothing here knows about models, faults or files; see docs/method-statistics.md for the method
and tests/stats/test_coverage.py for what it was measured to do.
"""
