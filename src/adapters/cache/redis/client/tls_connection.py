"""TlsConnection: a connection to Redis whose certificates are read beside the event loop, once for all connections."""

import asyncio
import ssl
import threading
from collections.abc import Hashable
from pathlib import Path
from typing import Final

from redis.asyncio.connection import RedisSSLContext, SSLConnection

_MAX_KNOWN: Final = 16
"""Sets of options whose certificates are kept; a process has one or two."""


class TlsConnection(SSLConnection):
    """A connection with TLS."""

    async def _connect(self) -> None:
        self.ssl_context.context = await CONTEXTS.context(self.ssl_context)
        await super()._connect()  # type: ignore[no-untyped-call]


class TlsContexts:
    """The certificates that connections have read, until one of their files is replaced.

    redis-py reads them, and all that the system trusts, for each connection. That takes 10 to 150 ms of the processor,
    for which it blocks the event loop; connections that are made together would exceed their timeouts by it.
    """

    def __init__(self) -> None:
        self._known: dict[Hashable, ssl.SSLContext] = {}
        self._lock = threading.Lock()

    async def context(self, options: RedisSSLContext) -> ssl.SSLContext:
        """Return the context of a connection's options; raise OSError or ssl.SSLError as redis-py does."""
        key = _key(options)
        known = self._known.get(key)
        return known if known is not None else await asyncio.to_thread(self._read, key, options)

    def _read(self, key: Hashable, options: RedisSSLContext) -> ssl.SSLContext:
        with self._lock:  # others that need the same wait for it
            known = self._known.get(key)
            if known is None:
                if len(self._known) >= _MAX_KNOWN:
                    self._known.clear()
                known = self._known[key] = options.get()
            return known


CONTEXTS: Final = TlsContexts()


def _key(options: RedisSSLContext) -> Hashable:
    """Return what options and files a context is made of."""
    system = ssl.get_default_verify_paths()
    files = (options.keyfile, options.certfile, options.ca_certs, options.ca_path, system.cafile, system.capath)
    return (
        *(_state(file) for file in files),
        options.cert_reqs,
        options.check_hostname,
        options.ca_data,
        options.min_version,
        options.ciphers,
        options.password,
        tuple(options.include_verify_flags or ()),
        tuple(options.exclude_verify_flags or ()),
    )


def _state(file: str | None) -> Hashable:
    """Return a file's path, and what changes if it is replaced."""
    if file is None:
        return None
    try:
        found = Path(file).stat()
    except OSError:
        return file
    return file, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
