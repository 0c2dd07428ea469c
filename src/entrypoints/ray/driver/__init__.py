"""The process that speaks with Ray."""
