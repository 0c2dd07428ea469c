"""Neural networks of PyTorch and Keras: what their files contain is checked before the library reads it."""
