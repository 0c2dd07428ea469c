"""What tells a run and its inputs from any others."""
