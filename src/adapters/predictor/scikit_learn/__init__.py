"""Any object with `predict`, as scikit-learn's users save them."""
