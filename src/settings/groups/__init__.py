"""The settings, a file for each of the groups in which --help lists them."""
