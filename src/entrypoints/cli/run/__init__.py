"""A run over files: its inputs, results, progress, signals and report."""
