"""What is the same prediction: keys, and entries with their age."""
