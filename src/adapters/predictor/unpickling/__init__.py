"""A model object from a file, or the reason why there is none."""
