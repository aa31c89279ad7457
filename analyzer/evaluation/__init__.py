"""Data sets, preprocessing, metrics, and what a trial showed."""
