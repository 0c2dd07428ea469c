"""LightGBM: which columns its lists of pandas categories belong to.

A model keeps one list for each pandas category of its training frame, ordered ones among them, in the order of the
columns; it does not keep whose they are. Columns named by categorical_feature are categorical as well, without a list.
So each list is placed at a column whose values can be the codes of its categories.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

_MOST_PLACINGS: Final = 8
"""Ways to place the lists that are compared."""

Categories = Sequence[Any]
Placing = tuple[int, ...]
"""The column of each list, in order."""
_Pair = tuple[int, int]
"""The number of a list, and its column."""


@dataclass(frozen=True, slots=True)
class SeenColumn:
    """What a model keeps of the values of one column.

    Attributes:
        is_categorical: whether LightGBM split it by category.
        values: its categories, or the least and the largest number; empty where it kept none, since no tree uses it.
    """

    is_categorical: bool
    values: tuple[float, ...] = ()

    def may_hold(self, categories: Categories) -> bool:
        """Return whether its values can be codes of these categories."""
        return all(value.is_integer() and 0 <= value < len(categories) for value in self.values)

    def holds_all(self, categories: Categories) -> bool:
        """Return whether its values are the codes of all of these categories; rare ones may be absent from a model."""
        if not self.values:
            return self.is_categorical or len(categories) == 1
        last = len(categories) - 1
        return {*self.values} == ({*range(last + 1)} if self.is_categorical else {0, last})


@dataclass(frozen=True, slots=True)
class PlacedCategories:
    """Which column each list of categories belongs to.

    Attributes:
        by_column: the lists, by the number of their column.
        unclear: columns that may have one of the lists or none: nothing says which.
        doubtful: columns of `by_column` that may have another list or none, which is much less likely.
    """

    by_column: dict[int, Categories]
    unclear: frozenset[int] = frozenset()
    doubtful: frozenset[int] = frozenset()


def placed_categories(columns: Sequence[SeenColumn], lists: Sequence[Categories]) -> PlacedCategories:
    """Return which column each list belongs to.

    Unless it is called with categorical_feature, LightGBM takes every unordered pandas category for categorical and
    nothing else: this reading comes first.
    """
    required = frozenset(place for place, column in enumerate(columns) if column.is_categorical)
    complete = _placings(columns, lists, SeenColumn.holds_all)
    usual = _placings(columns, lists, SeenColumn.holds_all, required)
    if len(usual) == 1:
        found = set(enumerate(usual[0]))
        doubtful = _columns(found - _common(complete))
        return PlacedCategories(_by_column(found, lists), doubtful=doubtful)
    likely = usual or [*complete, *_placings(columns, lists, SeenColumn.may_hold, required)]
    return _agreed(likely or _placings(columns, lists, SeenColumn.may_hold), lists, required)


def _agreed(placings: Sequence[Placing], lists: Sequence[Categories], categorical: frozenset[int]) -> PlacedCategories:
    """Return what all of some placings have in common; where they differ, the columns are unclear."""
    if not placings:
        return PlacedCategories({}, unclear=categorical)
    certain = _common(placings)
    differing = {pair for placing in placings for pair in enumerate(placing)} - certain
    return PlacedCategories(_by_column(certain, lists), unclear=_columns(differing))


def _common(placings: Iterable[Placing]) -> set[_Pair]:
    return set.intersection(*({*enumerate(placing)} for placing in placings))


def _columns(pairs: Iterable[_Pair]) -> frozenset[int]:
    return frozenset(place for _, place in pairs)


def _by_column(pairs: Iterable[_Pair], lists: Sequence[Categories]) -> dict[int, Categories]:
    return {place: lists[number] for number, place in pairs}


def _placings(
    columns: Sequence[SeenColumn],
    lists: Sequence[Categories],
    fits: Callable[[SeenColumn, Categories], bool],
    required: frozenset[int] = frozenset(),
) -> list[Placing]:
    """Return ways to place all lists in order, each at a column that it fits, with none of the required left out."""
    dead_ends: set[Placing] = set()

    def placings(number: int, start: int) -> Iterator[Placing]:
        if number == len(lists):
            if not any(place >= start for place in required):
                yield ()
            return
        if (number, start) in dead_ends:
            return
        is_dead_end = True
        for place in range(start, len(columns)):
            if fits(columns[place], lists[number]):
                for rest in placings(number + 1, place + 1):
                    is_dead_end = False
                    yield place, *rest
            if place in required:
                break
        if is_dead_end:
            dead_ends.add((number, start))

    return list(islice(placings(0, 0), _MOST_PLACINGS))
