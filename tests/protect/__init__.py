"""Tests of the planner of protections."""
