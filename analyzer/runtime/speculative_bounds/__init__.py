"""Speculative bounds."""
