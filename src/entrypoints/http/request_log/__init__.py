"""One request on its way: what names it, in its answer and in the log."""
