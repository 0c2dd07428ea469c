"""Columns as the values of features, and as text."""
