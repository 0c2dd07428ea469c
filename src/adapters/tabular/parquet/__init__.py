"""Parquet in and out."""
