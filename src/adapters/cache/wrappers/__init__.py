"""Caches around caches, each with one policy."""
