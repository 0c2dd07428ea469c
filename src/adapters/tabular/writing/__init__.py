"""What encoders of several formats share."""
