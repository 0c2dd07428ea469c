"""What a file is by its first bytes, before it is loaded."""
