"""Formats that pipelines read: each renders findings, whatever job they are from."""
