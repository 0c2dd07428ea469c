"""Connections that wait in the kernel's queue: accepted before their port is closed, which would reset them."""

import asyncio
import select
import socket
from collections.abc import Iterable
from typing import Final

SETTLE_S: Final = 0.05
"""Seconds in which the event loop accepts the connections that wait at the port."""

MOST_TURNS: Final = 1000
"""Turns of the event loop for connections that come after that: a flood of them does not prevent a stop."""

QUIET_TURNS: Final = 2
"""Turns of the event loop in a row without a connection at the port, after which all are accepted and attached."""


async def accept_queued(listeners: Iterable[socket.socket]) -> None:
    """Let the running event loop accept what waits at ports that it reads, for `MOST_TURNS` turns at most.

    Call it just before the ports are closed: between its return and the next `await` nothing is lost.
    """
    port = select.poll()  # not select, which takes no file of a number above 1,023
    for listener in listeners:
        listener.listen(0)
        port.register(listener, select.POLLIN)
    await asyncio.sleep(SETTLE_S)
    # A busy machine may have held this process since its last look at the port. A connection that was accepted in one
    # turn is attached to its server in the next, and lost if the server is closed by then.
    quiet_turns = 0
    for _ in range(MOST_TURNS):
        quiet_turns = 0 if port.poll(0) else quiet_turns + 1
        if quiet_turns == QUIET_TURNS:
            return
        await asyncio.sleep(0)
