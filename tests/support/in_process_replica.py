"""A replica in this process, on the loop that runs: started, called by HTTP without a socket, and ended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from starlette.types import ASGIApp


@asynccontextmanager
async def replica(service: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of a service, which runs until the block ends."""
    async with (
        _lifespan(service),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=service), base_url="http://localhost") as client,
    ):
        yield client


@asynccontextmanager
async def _lifespan(app: ASGIApp) -> AsyncIterator[None]:
    """Start an application as a server does, and shut it down."""
    events: asyncio.Queue[Any] = asyncio.Queue()
    said: asyncio.Queue[Any] = asyncio.Queue()
    task = asyncio.ensure_future(
        app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, events.get, said.put)
    )
    for phase in ("startup", "shutdown"):
        await events.put({"type": f"lifespan.{phase}"})
        message = await said.get()
        assert message["type"] == f"lifespan.{phase}.complete", message
        if phase == "startup":
            try:
                yield
            except BaseException:
                task.cancel()
                raise
    await task
