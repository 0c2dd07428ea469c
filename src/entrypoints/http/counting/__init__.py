"""Counts and gauges of all processes of a service."""
