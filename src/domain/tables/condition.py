"""Condition: what has to hold of a row's columns for the row to be chosen, as a tree of plain values."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Operator = Literal["==", "!=", "<", "<=", ">", ">="]
Constant = str | float | bool
"""What a column is compared with: text, a number, true or false."""


@dataclass(frozen=True, slots=True)
class ColumnName:
    """A column, by its name in the input."""

    name: str


@dataclass(frozen=True, slots=True)
class Compared:
    """A column against a constant or another column."""

    column: ColumnName
    operator: Operator
    other: ColumnName | Constant


@dataclass(frozen=True, slots=True)
class IsMissing:
    """Whether a column has no value."""

    column: ColumnName


@dataclass(frozen=True, slots=True)
class Negated:
    """Holds if another condition does not."""

    test: "Test"


@dataclass(frozen=True, slots=True)
class Combined:
    """Holds if all of some conditions do, or if any of them does.

    Attributes:
        needs_all: whether all have to hold.
    """

    tests: tuple["Test", ...]
    needs_all: bool


Test = Compared | IsMissing | Negated | Combined


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition with the text that it was written as."""

    text: str
    test: Test

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns that it needs, each once."""
        return tuple(dict.fromkeys(_names(self.test)))


def _names(test: Test) -> Iterator[str]:
    match test:
        case Compared(column, _, other):
            yield column.name
            if isinstance(other, ColumnName):
                yield other.name
        case IsMissing(column):
            yield column.name
        case Negated(one):
            yield from _names(one)
        case Combined(tests):
            for one in tests:
                yield from _names(one)
