"""L1 in this process, and no cache at all."""
