"""Folders that MLflow wrote: what their MLmodel says, which file in them is the model, and what identifies them."""
