"""From what was named to the rows of one table."""
