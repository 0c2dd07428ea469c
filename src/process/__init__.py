"""This process and its machine: signals, garbage collection, logging, its end. Standard library only."""
