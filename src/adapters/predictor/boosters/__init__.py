"""Columns of the gradient boosting libraries."""
