"""A model object out of a file, and what is wrong where there is none."""
