"""RecentContents: requests, bodies and queries that come again byte for byte, so that they need not be read again."""

from typing import Final, Generic, TypeVar

Read = TypeVar("Read")

MOST: Final = 1024
"""Contents of a generation; two generations are kept."""

LONGEST: Final = 512
"""Bytes of a content that is kept. With a key for each, all take two mebibytes at most."""


WORTH: Final = 8
"""One in so many contents of a generation has to come again; else none is kept for as many generations."""


class RecentContents(Generic[Read]):
    """What was read of the contents that were answered lately.

    There are two generations: when the newer one is full, the older one is forgotten. So each content costs one write;
    an order of use would cost one for each that is found, and two for each that is not. Where hardly any comes again,
    most are not kept.
    """

    def __init__(self, *, most: int = MOST, longest: int = LONGEST) -> None:
        """Accept how many contents a generation holds, and the most bytes of one."""
        self._most = most
        self._longest = longest
        self._newer: dict[bytes, Read] = {}
        self._older: dict[bytes, Read] = {}
        self._found = 0
        self._left_out = 0

    def __len__(self) -> int:
        return len(self._newer.keys() | self._older.keys())

    def get(self, content: bytes) -> Read | None:
        """Return what was read of a content; None if it is not among those that are kept."""
        if len(content) > self._longest:  # looking it up would hash all of it
            return None
        found = self._newer.get(content)
        if found is None:
            found = self._older.get(content)
            if found is None:
                return None
            self.keep(content, found)
        self._found += 1
        return found

    def keep(self, content: bytes, read: Read) -> None:
        """Keep what was read of a content, unless it is long, or keeping others has not paid."""
        if len(content) > self._longest:
            return
        if self._left_out > 0:
            self._left_out -= 1
            self._found = 0  # the next generation is judged by itself
            return
        self._newer[content] = read
        if len(self._newer) >= self._most:
            self._older, self._newer = self._newer, {}
            self._left_out = 0 if self._found * WORTH >= self._most else self._most * WORTH
            self._found = 0
