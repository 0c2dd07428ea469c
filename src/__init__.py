"""Foreseen serves a model's predictions and never computes the same one twice."""
