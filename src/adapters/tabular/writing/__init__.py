"""Parts that encoders of several formats share."""
