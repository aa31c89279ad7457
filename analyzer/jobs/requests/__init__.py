"""The door: what a job is asked for, read from text or Python values into one record per job."""
