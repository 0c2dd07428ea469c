"""A password in a file of its own: as Kubernetes, Docker and systemd hand secrets over, and exchange them."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import ValidationInfo

MAX_BYTES: Final = 4096
"""Of a password: a file that is larger is another one, and is not read whole."""


def read_password(path: Path) -> str:
    """Return the password that a file holds, without the line end that an editor put there.

    Raises:
        ValueError: it cannot be read, or holds none; nothing of what it holds is in the message.
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
    """Return what reads the password as it is then; None where no file holds it."""
    return None if path is None else partial(read_password, path)


def checked_password_file(path: Path | None) -> Path | None:
    """Return the path of a file that holds a password now; raise ValueError where it does not."""
    if path is not None:
        read_password(path)
    return path


def one_password(path: Path | None, info: ValidationInfo) -> Path | None:
    """Return the path, unless redis_url holds a password too."""
    if path is not None and "password" in _login_of(info):
        raise ValueError("the password in this file or in redis_url, not both")
    return path


def one_user(user: str | None, info: ValidationInfo) -> str | None:
    """Return the user, unless redis_url names one too."""
    if user is not None and "user" in _login_of(info):
        raise ValueError("the user here or in redis_url, not both")
    return user


def _login_of(info: ValidationInfo) -> set[str]:
    """Return which of user and password the URL holds; nothing where it is wrong, which is said of it then."""
    parts = urlsplit(info.data.get("redis_url", ""))
    return {name for name, value in (("user", parts.username), ("password", parts.password)) if value}
