"""SavedModels of TensorFlow: their graph is checked and reduced to what answers before TensorFlow reads it."""
