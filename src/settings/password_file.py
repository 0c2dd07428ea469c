"""A password in a file, as Kubernetes, Docker and systemd provide and rotate secrets."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import ValidationInfo

MAX_BYTES: Final = 4096
"""Maximum size of a password file; a larger file is not read whole."""


def read_password(path: Path) -> str:
    """Return the password that a file holds, without a line end after it.

    Raises:
        ValueError: the file cannot be read, or does not hold a password; the message repeats nothing of what it holds.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as exc:
        raise ValueError(f"a file that holds the password of Redis: {(exc.strerror or str(exc)).lower()}") from None
    password = content.removesuffix(b"\n").removesuffix(b"\r")
    if not password or len(content) > MAX_BYTES:
        raise ValueError(f"a file that holds the password of Redis, of 1 to {MAX_BYTES} bytes")
    try:
        return password.decode()
    except UnicodeDecodeError:
        raise ValueError("a file that holds the password of Redis as UTF-8") from None


def password_reader(path: Path | None) -> Callable[[], str] | None:
    """Return a function that reads the current password; None if no file contains it."""
    return None if path is None else partial(read_password, path)


def checked_password_file(path: Path | None) -> Path | None:
    """Return the path; raise ValueError if the file holds no password now."""
    if path is not None:
        read_password(path)
    return path


def one_password(path: Path | None, info: ValidationInfo) -> Path | None:
    """Return the path; raise ValueError if redis_url holds a password too."""
    if path is not None and "password" in _login_of(info):
        raise ValueError("the password in this file or in redis_url, not both")
    return path


def one_user(user: str | None, info: ValidationInfo) -> str | None:
    """Return the user; raise ValueError if redis_url names one too."""
    if user is not None and "user" in _login_of(info):
        raise ValueError("the user here or in redis_url, not both")
    return user


def _login_of(info: ValidationInfo) -> set[str]:
    """Return which of user and password redis_url holds; neither if it is wrong, which is an error of its own."""
    parts = urlsplit(info.data.get("redis_url", ""))
    return {name for name, value in (("user", parts.username), ("password", parts.password)) if value}
