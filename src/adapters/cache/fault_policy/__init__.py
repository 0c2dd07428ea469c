"""Circuit breakers and time budgets, for calls that may fail or be slow."""
