"""Tiers are used while that costs less than the model."""
