"""CallSize: how many rows a model is called with, so that no answer depends on the batch it is computed in."""

import struct
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class CallSize:
    """How many rows each call of a model has.

    Attributes:
        least: a batch of fewer is filled up to it.
        fixed: the number of rows of every call; None where any number from `least` on will do.
    """

    least: int = 1
    fixed: int | None = None

    def canonical(self) -> bytes:
        """Return the bytes by which it enters a fingerprint."""
        return struct.pack("<QQ", self.least, self.fixed or 0)

    def __str__(self) -> str:
        """Return it in words, for an operator."""
        if self.fixed:
            return f"{self.fixed} row{'s' if self.fixed > 1 else ''} at a time, so that no bit depends on the batch"
        return "batches of any size" + (f", a lone row filled up to {self.least}" if self.least > 1 else "")


ANY_SIZE: Final = CallSize()
"""Calls of as many rows as there are."""
