"""The process of a command: how it begins, what it prints, how it ends."""
