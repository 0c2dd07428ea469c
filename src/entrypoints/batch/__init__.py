"""Files go through the use case."""
