"""What the command line says, and what it says together."""
