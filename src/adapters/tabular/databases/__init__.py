"""Queries of databases as inputs."""
