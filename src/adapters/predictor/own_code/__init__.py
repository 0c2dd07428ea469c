"""The modules of a user's own that a model needs, executed for each load."""
