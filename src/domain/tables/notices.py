"""Notices: what a run came across that lost no row, counted by its kind and its column."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock


@dataclass(frozen=True, slots=True)
class Notice:
    """One kind of remark about one column.

    Attributes:
        kind: what it is, in a few words without a number: "numbers that are not finite, written as null".
        column: its name; empty where the remark is about a whole file.
        count: how many cells, or whatever the kind counts.
        example: the first of them; empty where there is nothing to show.
    """

    kind: str
    column: str
    count: int
    example: str = ""

    def __str__(self) -> str:
        """Return it in one line."""
        place = f"column {self.column!r}: " if self.column else ""
        example = f", such as {self.example}" if self.example else ""
        return f"{place}{self.kind} ({self.count:,}{example})"


class Notices:
    """Counts remarks; rows are read on one thread and written on another."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Notice] = {}
        self._lock = Lock()

    def count(self, kind: str, column: str = "", example: str = "", n: int = 1) -> None:
        """Add n to the remarks of a kind about a column; the first example is kept."""
        self.add([Notice(kind, column, n, example)])

    def add(self, notices: Iterable[Notice]) -> None:
        """Add remarks that were counted elsewhere, in another process perhaps."""
        with self._lock:
            for new in notices:
                if new.count:
                    old = self._found.get((new.kind, new.column), Notice(new.kind, new.column, 0, new.example))
                    self._found[new.kind, new.column] = Notice(new.kind, new.column, old.count + new.count, old.example)

    def listed(self) -> list[Notice]:
        """Return them by kind, each kind and its columns in the order in which they were first met."""
        with self._lock:
            return _by_kind(self._found.values())

    def taken(self) -> list[Notice]:
        """Return them, and start again from zero: for a process that passes its counts on."""
        with self._lock:
            found = _by_kind(self._found.values())
            self._found.clear()
        return found


@dataclass(frozen=True, slots=True)
class RunNotices:
    """The notices of a run; a resumed run reads all rows again, and writes only those that are not written yet.

    Attributes:
        reading, writing: notices about rows that were read, and about rows that were written.
    """

    reading: Notices = field(default_factory=Notices)
    writing: Notices = field(default_factory=Notices)

    def listed(self) -> list[Notice]:
        """Return all: their order does not depend on how far reading is ahead of writing."""
        return [*self.reading.listed(), *self.writing.listed()]

    def taken(self) -> list[Notice]:
        """Return all, and start again from zero."""
        return [*self.reading.taken(), *self.writing.taken()]


def _by_kind(found: Iterable[Notice]) -> list[Notice]:
    notices = list(found)
    kinds = list(dict.fromkeys(notice.kind for notice in notices))
    return sorted(notices, key=lambda notice: kinds.index(notice.kind))
