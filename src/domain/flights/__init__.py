"""One computation per key: coalescing, looking up by tick, micro-batches."""
