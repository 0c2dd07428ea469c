"""From the names of inputs to the rows of one table."""
