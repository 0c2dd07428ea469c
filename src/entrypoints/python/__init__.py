"""The Python API: `foreseen.load` and `foreseen.score`."""
