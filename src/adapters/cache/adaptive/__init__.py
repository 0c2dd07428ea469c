"""L2 is looked up where that costs less than the model."""
