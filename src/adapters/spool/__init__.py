"""Results of a run on disk: durable as they come, and named when they are whole."""
