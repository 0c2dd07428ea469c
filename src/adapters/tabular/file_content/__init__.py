"""The content of a file: opened, uncompressed, and recognised by its first bytes."""
