"""Options of the command line: their declarations, and their checks."""
