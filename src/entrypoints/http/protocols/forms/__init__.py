"""Forms: the ways in which bodies of other protocols hold instances."""
