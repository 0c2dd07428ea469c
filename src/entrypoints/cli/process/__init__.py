"""The process of a command: its start, signals, output and exit code."""
