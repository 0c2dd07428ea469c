"""What a file holds: opened, uncompressed, and recognised by its first bytes."""
