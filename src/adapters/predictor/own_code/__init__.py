"""The user's own modules that a model needs, executed again for each load."""
