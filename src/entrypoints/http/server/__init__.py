"""Connections: what one may cost, and how its bytes come and go."""
