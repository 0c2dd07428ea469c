"""Loaders: one for each format that a model file may have."""
