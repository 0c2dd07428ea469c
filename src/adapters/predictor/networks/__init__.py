"""Neural networks of PyTorch, Keras and TensorFlow: what their files contain is checked before the library reads it."""
