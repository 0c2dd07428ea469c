"""The command `foreseen`."""
