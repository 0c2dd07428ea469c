"""Requests in the log: their ids, and their lines in the access log."""
