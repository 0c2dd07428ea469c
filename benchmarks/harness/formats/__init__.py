"""The formats of models: their examples, their services, and the libraries that saved them."""
