"""How replies of Redis are read: no more of them than replies to us may have, by size and by number of values."""

import re
from typing import Any, Final

from redis._parsers.hiredis import _AsyncHiredisParser
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import InvalidResponse, RedisError

from foreseen.domain.identity.entry import MAX_SIZE

MAX_VALUE_BYTES: Final = MAX_SIZE + 2**16
"""What is taken in of one value before it is refused: beyond the largest entry, what a single read may bring more."""

_TOO_MANY: Final = re.compile(rb"\n[*~>]\d{7}")
"""What announces a million values or more; no JSON has a line end as it is, so that no entry looks like it."""

_PART_OF_IT: Final = 8
"""Bytes of it that one read may end with, the rest coming with the next."""


class ValueTooLargeError(RedisError):
    """A value is larger than any of ours; the connection on which it was coming is closed.

    No ConnectionError of redis-py, after which a command is sent again.
    """


class BoundedParser(_AsyncHiredisParser):
    """hiredis, reading no more of a value than an entry may have, and of no more values than are ever asked for.

    It takes in the bytes of a value until that is whole, however many its header announces: a hundred megabytes that
    somebody put under a key of ours would be read and held by every process which asks for it. And it makes room for as
    many values as a list announces before the first has come: a dozen bytes keep the whole process busy for a minute.
    """

    _reader: Any
    _stream: Any
    _ended_with = b"\n"

    def on_connect(self, connection: Any) -> None:
        """Begin with nothing read."""
        super().on_connect(connection)  # type: ignore[no-untyped-call]
        self._ended_with = b"\n"

    async def read_from_socket(self) -> bool:
        """Read on, unless what has come of a value is more than enough; called while a value is not whole.

        Raises:
            ValueTooLargeError: it is.
            InvalidResponse: more values are announced than are ever asked for.
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
