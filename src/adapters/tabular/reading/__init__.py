"""Parts that readers of several formats share."""
