"""Deployment targets: memories, raw rates, exposure windows, budgets, and their arithmetic."""
