"""The record of a training, and what renders it."""
