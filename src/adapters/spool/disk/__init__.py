"""Files and locks, by system calls that a test can fail."""
