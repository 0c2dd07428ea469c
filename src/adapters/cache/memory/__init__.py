"""The memory of this process, and no memory at all."""
