"""Reading requests: from their bytes to their instances."""
