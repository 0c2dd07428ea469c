"""Middleware: what each request passes before the service."""
