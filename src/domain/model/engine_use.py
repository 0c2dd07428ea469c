"""EngineUse: the engine that computes answers of a model in place of its library, or why there is none."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class EngineUse:
    """An engine that is faster than the library and has equal bits, or why there is none.

    Attributes:
        name: of the engine, with its version; empty if the library computes every answer.
        reason: why the library computes every answer; empty if an engine is used.
        verified: instances whose answers were compared at load, bit by bit.
        max_rows: rows of the largest call that it answers; for more, the library is faster.
        size_bytes: estimated memory of its copy of the trees.
    """

    name: str = ""
    reason: str = ""
    verified: int = 0
    max_rows: int = 0
    size_bytes: int = 0

    def __str__(self) -> str:
        """Return it in words, for an operator."""
        if self.name:
            return f"{self.name}, verified on {self.verified:,} instances"
        return f"library ({self.reason})" if self.reason else "library"


THE_LIBRARY: Final = EngineUse()
"""No engine was considered."""
