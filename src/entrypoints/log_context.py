"""Log context: what each log line of a request says of it, besides its own words."""

from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar
from typing import Any, Final, Protocol


class Loggable(Protocol):
    """Something that is under way, and that log lines belong to."""

    def log_fields(self) -> Mapping[str, str]:
        """Return what its lines say of it; nothing for what has only inherited its context."""


CURRENT: Final[ContextVar[Loggable | None]] = ContextVar("foreseen_current", default=None)
"""What is under way in this context."""


def with_current(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Add what is under way to an event; for structlog."""
    current = CURRENT.get()
    if current is not None:
        event.update(current.log_fields())
    return event
