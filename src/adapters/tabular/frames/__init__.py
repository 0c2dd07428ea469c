"""Rows in memory, as Python code gives them."""
