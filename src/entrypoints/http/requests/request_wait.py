"""How long a request waits: until its time budget is spent, or its client disconnects."""

import asyncio
import re
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.types import Scope

from foreseen.entrypoints.http.responses.problems import Rejection

TIMEOUT: Final = b"request-timeout"

FORM: Final = r"^[0-9]{1,9}(\.[0-9]{1,9})?$"
"""Seconds, with or without a fraction."""
_FORM: Final = re.compile(FORM.strip("^$").encode())

_SHOWN: Final = 40
"""Most bytes of a header to show in an error."""

_STATE: Final = "foreseen.client"
"""The key of the client in the state of a request."""

_LEFT: Final = "expected a client that waits for its answer, got one that disconnected"


def timeout_s(given: Iterable[tuple[bytes, bytes]], longest_s: float) -> float:
    """Return the seconds that a request may wait: `longest_s`, or fewer if its Request-Timeout says so.

    Raises:
        Rejection: the header is not a number of seconds, or occurs several times (400).
    """
    values = [value for name, value in given if name == TIMEOUT]
    if not values:
        return longest_s
    if len(values) > 1 or not is_timeout(values[0]):
        got = b", ".join(values)[:_SHOWN].decode("latin-1")
        detail = f"expected Request-Timeout to be seconds such as 2 or 0.25, got {got}"
        raise Rejection(400, "invalid-timeout", "Invalid Request-Timeout", detail)
    return min(longest_s, float(values[0]))


def is_timeout(value: bytes) -> bool:
    """Return whether a header's value is a valid number of seconds."""
    return _FORM.fullmatch(value) is not None


class Client:
    """The client of a connection; as a context manager, it ends the wait of its request in progress.

    In ASGI, an application learns of a disconnect by receiving more of the body, which takes a task for each request
    that waits. The connection learns of it too, and can end the wait without a task.
    """

    __slots__ = ("_has_left", "_listen", "_waiting")

    def __init__(self, listen: Callable[[], object]) -> None:
        """Accept a callback that resumes reading from the connection, so that a disconnect is noticed."""
        self._listen = listen
        self._has_left = False
        self._waiting: asyncio.Task[object] | None = None

    def leave(self) -> None:
        """End the current wait, and any that begins later."""
        self._has_left = True
        if self._waiting is not None:
            self._waiting.cancel()

    def __enter__(self) -> None:
        """Raise ClientDisconnect if the client has disconnected; if it does later, the block raises it."""
        if self._has_left:
            raise ClientDisconnect(_LEFT)
        self._listen()
        self._waiting = asyncio.current_task()

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        waiting, self._waiting = self._waiting, None
        if self._has_left and waiting is not None:
            waiting.uncancel()
            raise ClientDisconnect(_LEFT) from exc


def client_of(scope: Scope) -> AbstractContextManager[None]:
    """Return the client of a request; one that never disconnects if the server does not provide a client."""
    client = scope.get("state", {}).get(_STATE)
    return client if isinstance(client, Client) else nullcontext()


def state_with(client: Client, state: dict[str, object]) -> dict[str, object]:
    """Return the state for the requests of a connection, with its client added."""
    return {**state, _STATE: client}
