"""What a model's answers depend on besides its file."""
