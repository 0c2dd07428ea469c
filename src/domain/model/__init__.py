"""What is known of a loaded model, and how it is called."""
