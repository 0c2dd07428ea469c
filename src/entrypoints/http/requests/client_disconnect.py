"""Clients: one that disconnects ends the wait of its request, so that nothing is computed in vain."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final

from starlette.requests import ClientDisconnect
from starlette.types import Scope

_STATE: Final = "foreseen.client"
"""The key of the client in the state of a request."""

_LEFT: Final = "expected a client that waits for its answer, got one that left"


class Client:
    """The client of a connection; as a context manager, the wait of its one request in progress.

    By ASGI an application learns of a disconnect by receiving more of the body, in a task for each request that waits.
    The connection learns of it as well, and can end the wait without a task.
    """

    __slots__ = ("_has_left", "_listen", "_waiting")

    def __init__(self, listen: Callable[[], object]) -> None:
        """Accept a callback that resumes reading from the connection, so that a disconnect is noticed."""
        self._listen = listen
        self._has_left = False
        self._waiting: asyncio.Task[Any] | None = None

    def leave(self) -> None:
        """End the current wait, and any that begins later."""
        self._has_left = True
        if self._waiting is not None:
            self._waiting.cancel()

    def __enter__(self) -> None:
        """Raise ClientDisconnect if the client is gone; if it leaves later, the block raises it."""
        if self._has_left:
            raise ClientDisconnect(_LEFT)
        self._listen()
        self._waiting = asyncio.current_task()

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        waiting, self._waiting = self._waiting, None
        if self._has_left and waiting is not None:
            waiting.uncancel()
            raise ClientDisconnect(_LEFT) from exc


def client_of(scope: Scope) -> Client:
    """Return the client of a request; one that never leaves if the server does not provide it."""
    client = scope.get("state", {}).get(_STATE)
    return client if isinstance(client, Client) else Client(_nothing)


def state_with(client: Client, state: dict[str, Any]) -> dict[str, Any]:
    """Return the state of a connection's requests, with its client added."""
    return {**state, _STATE: client}


def _nothing() -> None:
    pass
