"""Scoring of tables, for the command, for Python code and for workers of a cluster."""
