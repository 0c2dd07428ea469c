"""A run on the machines of a cluster."""
