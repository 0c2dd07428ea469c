"""A command called in this process: what it ended with and wrote."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str


class Called(Protocol):
    """Calls the command."""

    def __call__(self, *args: str) -> Ended:
        """Run it to its end."""
