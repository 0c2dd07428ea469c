"""Connections: their limits, and how they are read and written."""
