"""Words for missing values."""
