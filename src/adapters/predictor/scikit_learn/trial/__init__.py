"""A model called with made-up instances, to find out what it takes."""
