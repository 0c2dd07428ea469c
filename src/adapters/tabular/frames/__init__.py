"""Rows in memory, from Python code."""
