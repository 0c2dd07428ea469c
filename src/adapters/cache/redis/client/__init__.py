"""Connections, commands and replies."""
