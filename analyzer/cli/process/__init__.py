"""The process that runs a command: guarded by its parent, watched for signs of life."""
