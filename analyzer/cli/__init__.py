"""The command line: parse, call one job, show what it returns, leave with an exit code."""
