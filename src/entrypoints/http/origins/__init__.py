"""Where a request comes from, and the host that it names."""
