"""The columns of a fitted model: how many, their names, what they contain."""
