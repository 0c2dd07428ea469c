"""CallSize: how many rows a model is called with, so that no answer depends on the batch it is computed in."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

CallsFor = Literal["requests", "warming", "files"]
"""What calls are made for: requests one by one, entries that requests will find, or files.

Files may have calls of another size if large calls give other bits; warming has to give the bits that requests get.
"""

LARGE_ROWS: Final = (256, 1024, 8192)
"""Rows of calls that cost a file less than many small ones, ascending."""


@dataclass(frozen=True, slots=True)
class CallSize:
    """How many rows each call of a model has.

    Attributes:
        least: a batch of fewer rows is filled up to it.
        fixed: the number of rows of every call; None if any number from `least` on will do.
        large: rows of the largest call that was found to give the same bits as calls of `fixed` rows, `fixed` if no
            larger one does; None if none was compared. It identifies nothing, since answers are the same.
    """

    least: int = 1
    fixed: int | None = None
    large: int | None = field(default=None, compare=False)

    def canonical(self) -> bytes:
        """Return its bytes in a fingerprint."""
        return struct.pack("<QQ", self.least, self.fixed or 0)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The numbers of rows that calls may have, ascending; 1 if any number will do."""
        fixed = self.fixed or 1
        return (fixed, *(rows for rows in LARGE_ROWS if fixed < rows <= (self.large or 0)))

    def calls(self, n: int) -> Iterator[tuple[int, int]]:
        """Yield the first row and the number of rows of each call for n rows; the last one may reach beyond them.

        A large call is made if at least half of it is filled.
        """
        if self.fixed is None:
            yield 0, max(n, self.least)
            return
        start = 0
        for rows in self.sizes[:0:-1]:
            while n - start >= rows // 2:
                yield start, rows
                start += rows
        for first in range(start, n, self.fixed):
            yield first, self.fixed

    def __str__(self) -> str:
        """Return it in words, for an operator."""
        if self.fixed:
            rows = f"{self.fixed} row{'s' if self.fixed > 1 else ''} at a time, so that no bit depends on the batch"
            has_large = self.large is not None and self.large > self.fixed
            return f"{rows}; {self.large:,} where there are many, with the same bits" if has_large else rows
        return "batches of any size" + (f", a lone row filled up to {self.least}" if self.least > 1 else "")


ANY_SIZE: Final = CallSize()
"""Calls of as many rows as there are."""
