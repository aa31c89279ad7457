"""Prepacked weights."""
