"""Loaders of neural networks: what their files say of their inputs is what the model is given."""
