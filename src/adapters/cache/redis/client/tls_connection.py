"""TlsConnection: a connection to Redis whose certificates are read beside the event loop."""

import asyncio

from redis.asyncio.connection import SSLConnection


class TlsConnection(SSLConnection):
    """A connection with TLS.

    Each reads the certificates that the system trusts, and those of its own, as redis-py's does, so that replaced files
    are used. That takes 10 to 150 ms of the processor, for which the event loop would be blocked.
    """

    async def _connect(self) -> None:
        await asyncio.to_thread(self.ssl_context.get)
        await super()._connect()  # type: ignore[no-untyped-call]
