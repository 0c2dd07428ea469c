"""Calls of a model with made-up instances, to find what it accepts."""
