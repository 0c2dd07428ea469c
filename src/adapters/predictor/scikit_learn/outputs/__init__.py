"""From what a method of a model returned to the JSON values that go out."""
