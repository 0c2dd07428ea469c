"""Several processes on one port: a supervisor and its workers."""
