"""`foreseen key`: a random key, and the digest of it for the settings."""

import secrets
from hashlib import sha256
from typing import Final

import typer

RANDOM_BYTES: Final = 32
"""Of a key: as many as its digest has."""


def show_key() -> None:
    """Make a key and show it, once: nothing here keeps it."""
    key = secrets.token_urlsafe(RANDOM_BYTES)
    typer.echo(f"key     {key}")
    typer.echo(f"sha256  {sha256(key.encode()).hexdigest()}")
