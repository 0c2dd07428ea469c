"""When something that may fail or be slow is used, and for how long it is waited for."""
