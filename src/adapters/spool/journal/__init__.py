"""What a run began with, and how far its results are durable."""
