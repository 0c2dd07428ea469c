"""Log context: fields that every log line of a request has, such as its id."""

from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar
from typing import Final, Protocol


class Loggable(Protocol):
    """Something in progress that log lines belong to, such as a request."""

    def log_fields(self) -> Mapping[str, str]:
        """Return the fields of its log lines; empty in a task that only inherited its context."""


CURRENT: Final[ContextVar[Loggable | None]] = ContextVar("foreseen_current", default=None)
"""What is in progress in this context."""


def with_current(_: object, __: str, event: MutableMapping[str, object]) -> MutableMapping[str, object]:
    """Add the fields of what is in progress to an event; a processor for structlog."""
    current = CURRENT.get()
    if current is not None:
        event.update(current.log_fields())
    return event
