"""Answers and problem documents."""
