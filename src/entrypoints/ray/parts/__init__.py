"""Parts of inputs, each scored on any machine."""
