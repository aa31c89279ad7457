"""The difference between two reports: as data, and in words."""
