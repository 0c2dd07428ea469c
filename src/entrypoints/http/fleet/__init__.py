"""The service around several models: which request is for which model, and what is said about all of them."""
