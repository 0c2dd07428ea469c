"""The TOML file beside a model that says what the model itself does not."""
