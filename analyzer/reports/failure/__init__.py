"""The report of a job that ended in an error: it takes the place of an older report."""
