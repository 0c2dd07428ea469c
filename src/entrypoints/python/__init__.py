"""What Python code imports."""
