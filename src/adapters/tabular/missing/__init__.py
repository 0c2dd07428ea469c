"""Words that stand for missing values."""
