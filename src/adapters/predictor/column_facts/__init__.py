"""What a fitted model says of one of its columns."""
