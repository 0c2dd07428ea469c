"""What is known about a loaded model, and how it is called."""
