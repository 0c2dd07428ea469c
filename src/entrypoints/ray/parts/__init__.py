"""Parts of inputs, scored on whichever machine."""
