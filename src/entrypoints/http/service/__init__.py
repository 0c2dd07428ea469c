"""The service around one model, and its exchange for the next."""
