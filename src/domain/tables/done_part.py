"""DonePart: a part of a table that was scored and written, on whichever machine."""

from collections.abc import Mapping
from dataclasses import dataclass

from foreseen.domain.tables.notices import Notice
from foreseen.domain.tables.table import Scored


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Which part it is: the number of its input, and its number within that input."""

    source: int
    part: int

    def __str__(self) -> str:
        """Return it as text that sorts in order."""
        return f"{self.source:05}-{self.part:05}"


@dataclass(frozen=True, slots=True)
class DonePart:
    """A part whose files have their names.

    Attributes:
        scored: its own chunks, rows and rejects.
        bytes_read: bytes of its input that were read by the end of the part.
        is_last: whether its input ends with it.
        size, rejects_size: of its two files, in bytes; without rejects there is no second one, and its size is 0.
        notices: remarks about its rows.
    """

    place: Place
    scored: Scored
    bytes_read: int
    is_last: bool
    size: int
    rejects_size: int = 0
    notices: tuple[Notice, ...] = ()


def part_name(place: Place, ending: str) -> str:
    """Return the name of the file of a part's rows."""
    return f"part-{place}{ending}"


def rejects_name(place: Place) -> str:
    """Return the name of the file of a part's rejects, which has no header: all of them are joined into one."""
    return f"rejects-{place}.csv"


def first_missing(done: Mapping[Place, DonePart], source: int) -> Place | None:
    """Return the first part of an input that is not done; None if all are."""
    place = Place(source, 0)
    while place in done:
        if done[place].is_last:
            return None
        place = Place(source, place.part + 1)
    return place
