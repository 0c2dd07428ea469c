"""The messages about a purge between processes that share a Redis, and the keys that record it."""

import json
import re
from typing import Final, NamedTuple

from foreseen.adapters.cache.redis.client.connection import PREFIX, PURGED

REQUESTS: Final = f"{PREFIX}:purges"
"""The channel of all requests. One for every model: a purge of all does not know their names."""

_LONGEST: Final = 1024
"""Maximum bytes of a message; a longer one is ignored."""

_ID: Final = re.compile("[0-9a-f]{16}")


class Request(NamedTuple):
    """A request to purge; `model` is a model's name, or None for all."""

    id: str
    model: str | None


class Confirmation(NamedTuple):
    """A process has purged what it holds; `removed` is None if it holds nothing of that model."""

    process: int
    removed: int | None


def replies_to(purge_id: str) -> str:
    """Return the channel of the confirmations of a purge."""
    return f"{REQUESTS}:{purge_id}"


def marker(model: str | None) -> str:
    """Return the key that holds until when the entries of a model, or of all, are purged, µs since 1970."""
    return f"{PREFIX}:{model or ''}:{PURGED}"


def written(message: Request | Confirmation) -> bytes:
    """Return the bytes of a message."""
    return json.dumps(message._asdict()).encode()


def read_request(message: object) -> Request | None:
    """Return what a message requests; None if it is not a request."""
    match _object(message):
        case {"id": str(purge_id), "model": str() | None as model} if _ID.fullmatch(purge_id):
            return Request(purge_id, model)
    return None


def read_confirmation(message: object) -> Confirmation | None:
    """Return what a message confirms; None if it is not a confirmation."""
    match _object(message):
        case {"process": int(process), "removed": int() | None as removed}:
            return Confirmation(process, removed)
    return None


def _object(message: object) -> object:
    """Return the content of a message, which any client may have published; None if it is not JSON or too long."""
    if not isinstance(message, bytes) or len(message) > _LONGEST:
        return None
    try:
        return json.loads(message)
    except (ValueError, RecursionError):
        return None
