"""Known answers: questions whose answers were worked out by hand, put to the installed tool.

Each is data: what is given, what must come out, the working, and the requirement it verifies.
``relcheck selftest`` asks them all; ``docs/verification.md`` is generated from them.
"""
