"""What all processes of a service count."""
