"""LightGBM: which column each of its lists of pandas categories belongs to.

A model keeps one list for each pandas category column of its training frame, ordered or not, in the order of the
columns, but not which columns these were. Columns named in categorical_feature are categorical without having a list.
So each list is assigned to a column whose values can be the codes of its categories.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Categories = Sequence[object]
Places = Sequence[Sequence[int]]
"""The columns that each list may belong to, ascending; empty if the lists cannot all be placed."""


@dataclass(frozen=True, slots=True)
class SeenColumn:
    """What a model keeps of the values of one column.

    Attributes:
        is_categorical: whether LightGBM split it by category.
        values: its category codes, or its minimum and maximum; empty if no tree uses the column.
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
        all_are_there = not self.is_categorical or len(self.values) == len(categories)
        return all_are_there and min(self.values) == 0 and max(self.values) == len(categories) - 1


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

    Unless it is called with categorical_feature, LightGBM splits exactly the unordered pandas categories by category.
    So this is assumed first.
    """
    required = [place for place, column in enumerate(columns) if column.is_categorical]
    complete = _possible(columns, lists, SeenColumn.holds_all)
    usual = _possible(columns, lists, SeenColumn.holds_all, required)
    if lists and _is_one(usual):
        doubtful = (found for (found,), others in zip(usual, complete, strict=True) if len(others) > 1)
        return PlacedCategories(_by_column(usual, lists), doubtful=frozenset(doubtful))
    likely = usual or _joined(complete, _possible(columns, lists, SeenColumn.may_hold, required))
    found = likely or _possible(columns, lists, SeenColumn.may_hold)
    if lists and not found:
        return PlacedCategories({}, unclear=frozenset(required))
    unclear = (place for places in found if len(places) > 1 for place in places)
    return PlacedCategories(_by_column(found, lists), unclear=frozenset(unclear))


def _is_one(places: Places) -> bool:
    return bool(places) and all(len(each) == 1 for each in places)


def _joined(some: Places, others: Places) -> Places:
    if not some or not others:
        return some or others
    return [sorted({*first, *second}) for first, second in zip(some, others, strict=True)]


def _by_column(places: Places, lists: Sequence[Categories]) -> dict[int, Categories]:
    return {each[0]: categories for each, categories in zip(places, lists, strict=True) if len(each) == 1}


def _possible(
    columns: Sequence[SeenColumn],
    lists: Sequence[Categories],
    fits: Callable[[SeenColumn, Categories], bool],
    required: Sequence[int] = (),
) -> Places:
    """Return the columns that each list may belong to, if all are placed in order and every required column gets one.

    The first pass keeps the places that some place of the previous list precedes; the second, from the last list to the
    first, drops those after which the other lists have no place.
    """
    spare = len(columns) - len(lists)
    found: list[list[int]] = []
    for number, categories in enumerate(lists):
        fitting = (place for place in range(number, number + spare + 1) if fits(columns[place], categories))
        found.append([place for place in fitting if _has_any(found[-1] if found else [-1], place, required, -1)])
    later = [len(columns)]
    for number in reversed(range(len(found))):
        later = found[number] = [place for place in found[number] if _has_any(later, place, required, 1)]
    return found if all(found) else []


def _has_any(places: Sequence[int], place: int, required: Sequence[int], side: int) -> bool:
    """Return whether one of `places` is before (-1) or after (1) `place`, with no required column between the two."""
    if side < 0:
        nearest = bisect_left(places, place) - 1
        next_required = bisect_left(required, place) - 1
        return nearest >= 0 and (next_required < 0 or places[nearest] >= required[next_required])
    nearest = bisect_right(places, place)
    next_required = bisect_right(required, place)
    is_clear = next_required == len(required) or (nearest < len(places) and places[nearest] <= required[next_required])
    return nearest < len(places) and is_clear
