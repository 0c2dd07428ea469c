"""What each request passes before the service, whatever it is for."""
