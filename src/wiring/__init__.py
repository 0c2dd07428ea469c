"""How everything is put together: the only package that connects the domain's ports to adapters."""
