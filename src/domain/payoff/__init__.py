"""Whether a tier of the cache saves more of the model's time than it costs; one rule for requests and files."""
