"""One computation per key among all processes that share a Redis."""
