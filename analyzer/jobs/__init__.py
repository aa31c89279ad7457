"""Jobs: what a command does, without a terminal; as functions, the Python API (`api`).

A job takes one typed request (`requests`, read from text or values at the door) and an observer,
and returns a report. No job prints, exits, or reads the command line.
"""
