"""Contenders that need not be installed: each says what is missing, and a benchmark then measures the others."""
