"""How many rows a model is called with, decided once, and by how many threads."""
