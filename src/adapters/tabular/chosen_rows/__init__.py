"""Some rows of a table: those that a condition holds for, or a sample."""
