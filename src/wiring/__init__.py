"""How everything is put together: the only place that names a port and its adapter together."""
