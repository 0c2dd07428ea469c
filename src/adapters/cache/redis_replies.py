"""How replies of Redis are read: none of their values beyond the size that an entry may have."""

from typing import Any, Final

from redis._parsers.hiredis import _AsyncHiredisParser
from redis.exceptions import RedisError

from foreseen.domain.entry import MAX_SIZE

MAX_VALUE_BYTES: Final = MAX_SIZE + 2**16
"""What is taken in of one value before it is refused: beyond the largest entry, what a single read may bring more."""


class ValueTooLargeError(RedisError):
    """A value is larger than any of ours; the connection on which it was coming is closed.

    No ConnectionError of redis-py, after which a command is sent again.
    """


class BoundedParser(_AsyncHiredisParser):
    """hiredis, reading no more of a value than an entry may have.

    It takes in the bytes of a value until that is whole, however many its header announces: a hundred megabytes that
    somebody put under a key of ours would be read and held by every process which asks for it.
    """

    _reader: Any

    async def read_from_socket(self) -> bool:
        """Read on, unless what has come of a value is more than enough; called while a value is not whole.

        Raises:
            ValueTooLargeError: it is.
        """
        if self._reader.len() > MAX_VALUE_BYTES:
            raise ValueTooLargeError(f"expected values of {MAX_SIZE} bytes or fewer, got one of more")
        is_more: bool = await super().read_from_socket()  # type: ignore[no-untyped-call]
        return is_more
