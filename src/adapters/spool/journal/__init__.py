"""The journal of a run: its origin, and how much of its results is durable."""
