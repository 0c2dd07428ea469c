"""What a fitted model records about one of its columns."""
