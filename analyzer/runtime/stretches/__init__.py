"""Stretches."""
