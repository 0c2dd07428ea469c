"""Real clients of the protocols that Foreseen serves."""
