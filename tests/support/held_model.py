"""A model that a test holds within a call: it goes on when that has begun, not when it may have, and ends it itself.

What the model loads is without numpy and scikit-learn, so that it starts at once.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

LEAST_S: Final = 0.005
"""Seconds that a call takes, so that one is never taken for one that costs nothing."""


class Holding:
    """Takes a number and gives twice the number, once that is not held."""

    REJECTED = 13

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)

    def predict(self, rows: Any) -> Any:
        """Wait, and double."""
        numbers = [float(row[0]) for row in rows]
        time.sleep(LEAST_S)
        wait_while_held(numbers, self.folder)
        if self.REJECTED in numbers:
            raise ValueError("not this number")
        return [number * 2 for number in numbers]


@dataclass(frozen=True)
class Holds:
    """What a test holds in a folder, and what the model records there."""

    folder: Path

    def hold(self, *numbers: float) -> None:
        """Have calls with these numbers wait from now on."""
        for number in numbers:
            _begun(self.folder, number).unlink(missing_ok=True)
            _hold(self.folder, number).touch()

    def has_begun(self, number: float) -> bool:
        """Return whether a call with a number that is held has begun."""
        return _begun(self.folder, number).exists()

    def let_go(self, *numbers: float) -> None:
        """Have them go on; all, if none is named."""
        for held in [_hold(self.folder, number) for number in numbers] or list(self.folder.glob("hold *")):
            held.unlink(missing_ok=True)


def wait_while_held(numbers: Iterable[float], folder: Path | str = ".") -> None:
    """Record which of these a call has begun with, and return when none of them is held."""
    for number in numbers:
        held = _hold(Path(folder), number)
        if held.exists():
            _begun(Path(folder), number).touch()
        while held.exists():
            time.sleep(LEAST_S)


def _hold(folder: Path, number: float) -> Path:
    return folder / f"hold {number:g}"


def _begun(folder: Path, number: float) -> Path:
    return folder / f"begun {number:g}"
