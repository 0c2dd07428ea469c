"""`python -m support.serve_with_loop_watch …` is `foreseen …` that also reports when our code held a server's loop."""

import asyncio
import socket
import sys
from typing import Final

import uvicorn

from foreseen.entrypoints.cli.command_line import main
from support.loop_watch import LoopWatch, Turn

serve = uvicorn.Server.serve

LIMIT_S: Final = 0.2
"""Seconds for which our code may hold the loop.

More than in this process: a busy machine stretches the processor's time too, and no other try refutes it here.
"""


async def serve_watched(server: uvicorn.Server, sockets: list[socket.socket] | None = None) -> None:
    """Serve, and look at what holds the loop meanwhile."""
    watch = LoopWatch(_say, limit_s=LIMIT_S)
    watch.follow(asyncio.get_running_loop())
    watch.start()
    try:
        await serve(server, sockets)
    finally:
        watch.stop()


def _say(turn: Turn) -> None:
    sys.stderr.write(f"{turn}\n")


uvicorn.Server.serve = serve_watched  # type: ignore[method-assign, assignment]

if __name__ == "__main__":
    main()
