"""From what a model's method returned to the JSON values that are sent."""
