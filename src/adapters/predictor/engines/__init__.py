"""Engines: compute the answers of tree models, equal to those of their libraries in every bit, in less time."""
