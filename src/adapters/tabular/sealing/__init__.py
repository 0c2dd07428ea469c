"""Formats that cannot be added to, written from the stream of rows that can."""
