"""Protocols: the formats in which clients send instances and receive predictions."""
