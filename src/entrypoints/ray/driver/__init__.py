"""The driver: the process that connects to Ray."""
