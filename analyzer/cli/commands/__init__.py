"""Commands, one file each: parse, call one job, show its report, return an exit code."""
