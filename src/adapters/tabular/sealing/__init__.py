"""Formats that cannot be appended to, written from a stream of rows that can."""
