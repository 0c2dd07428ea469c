"""From a batch to what the model is called with."""
