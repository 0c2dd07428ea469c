"""What a model's answers depend on beside its file."""
