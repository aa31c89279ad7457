"""Recompile."""
