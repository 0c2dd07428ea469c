"""How replies of Redis are read: with limits on the size and the number of values."""

import asyncio
import re
from typing import Any, Final

from redis._parsers.hiredis import _AsyncHiredisParser
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import InvalidResponse, RedisError

from foreseen.domain.identity.entry import MAX_SIZE

MAX_VALUE_BYTES: Final = MAX_SIZE + 2**16
"""Bytes of one value to read before it is rejected: the largest entry, and what a single read may bring beyond it."""

_TOO_MANY: Final = re.compile(rb"\n[*~>]\d{7}")
"""Matches the header of a million values or more; JSON escapes line ends, so no entry matches."""

_PART_OF_IT: Final = 8
"""Bytes of such a header that one read may end with, the rest arriving with the next."""


class ValueTooLargeError(RedisError):
    """A value is larger than any entry; its connection is closed. It is not a ConnectionError of redis-py, after which
    a command would be sent again.
    """


class BoundedParser(_AsyncHiredisParser):
    """hiredis with bounds: on the bytes of a value, by the largest entry, and on the number of values in a reply.

    By itself it buffers a value until it is complete, whatever size its header announces: every process that looks up
    a key of ours with a hundred megabytes under it would read and hold them. It also allocates as many values as a list
    announces before the first arrives: a dozen bytes can keep the process busy for a minute.
    """

    _reader: Any  # hiredis.Reader, which redis-py declares as None
    _stream: asyncio.StreamReader
    _ended_with = b"\n"

    def on_connect(self, connection: object) -> None:
        """Begin with nothing read."""
        super().on_connect(connection)  # type: ignore[no-untyped-call]
        self._ended_with = b"\n"

    async def read_from_socket(self) -> bool:
        """Read on, unless a value is too large already; called while a value is incomplete.

        Raises:
            ValueTooLargeError: it is.
            InvalidResponse: more values are announced than any command of ours requests.
            ConnectionError: the server has closed the connection.
        """
        if self._reader.len() > MAX_VALUE_BYTES:
            raise ValueTooLargeError(f"expected values of {MAX_SIZE} bytes or fewer, got one of more")
        came = await self._stream.read(self._read_size)
        if not came:
            raise RedisConnectionError("Connection closed by server.")
        seen = self._ended_with + came
        if _TOO_MANY.search(seen):
            raise InvalidResponse("expected fewer than a million values in a reply, got more announced")
        self._ended_with = seen[-_PART_OF_IT:]
        self._reader.feed(came)
        return True
