"""The service around one model, and its replacement on a reload."""
