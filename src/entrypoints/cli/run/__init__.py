"""What is around a run over files: its inputs, results, progress and end."""
