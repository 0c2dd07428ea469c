"""Models that code makes: a name in a module, or what a Python file loads."""
