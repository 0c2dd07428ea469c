"""Purges among all processes that share a Redis."""
