"""Results of a run on disk: made durable while it goes on, and renamed when they are complete."""
