"""Clipact."""
