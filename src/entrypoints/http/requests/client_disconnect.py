"""Clients: one that hangs up while its request waits ends the wait, so that nothing is computed for nobody."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final

from starlette.requests import ClientDisconnect
from starlette.types import Scope

_STATE: Final = "foreseen.client"
"""Where the state of a request holds its client."""

_LEFT: Final = "expected a client that waits for its answer, got one that left"


class Client:
    """The other end of a connection; as a context manager, the wait of the one request that it has under way.

    A web server tells that a client has left to who asks for more of the request's body: a task for each request that
    waits. The connection knows it as well, and can end the wait without.
    """

    __slots__ = ("_has_left", "_listen", "_waiting")

    def __init__(self, listen: Callable[[], object]) -> None:
        """Take what makes sure that a client is heard when it hangs up."""
        self._listen = listen
        self._has_left = False
        self._waiting: asyncio.Task[Any] | None = None

    def leave(self) -> None:
        """End the wait, now and for any that is to begin."""
        self._has_left = True
        if self._waiting is not None:
            self._waiting.cancel()

    def __enter__(self) -> None:
        """Raise ClientDisconnect at once, or from the wait, when the client is gone."""
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
    """Give the client of a request; one that never leaves, where the server does not tell."""
    client = scope.get("state", {}).get(_STATE)
    return client if isinstance(client, Client) else Client(_nothing)


def state_with(client: Client, state: dict[str, Any]) -> dict[str, Any]:
    """Give the state of a connection's requests with its client in it."""
    return {**state, _STATE: client}


def _nothing() -> None:
    pass
