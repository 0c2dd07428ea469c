"""Batches of thousands, and which tiers pay for them."""
