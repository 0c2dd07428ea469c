"""`foreseen key`: a random key, and its digest for the settings."""

import secrets
from hashlib import sha256
from typing import Final

import typer

RANDOM_BYTES: Final = 32
"""Random bytes of a key: as many as its digest has."""


def show_key() -> None:
    """Print a new key and its digest; the key is not stored."""
    key = secrets.token_urlsafe(RANDOM_BYTES)
    typer.echo(f"key     {key}")
    typer.echo(f"sha256  {sha256(key.encode()).hexdigest()}")
