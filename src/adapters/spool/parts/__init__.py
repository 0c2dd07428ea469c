"""Results that are a folder of parts."""
