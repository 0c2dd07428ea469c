"""Observed parts: those inside a model that reveal, while it is called, how well it accepts its input."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from foreseen.adapters.predictor.column_facts.column_facts import MOST_VALUES
from foreseen.adapters.predictor.column_facts.known_values import is_missing
from foreseen.adapters.predictor.object_graph import parts
from foreseen.adapters.predictor.scikit_learn.columns.lookup_tables import LookupTable, lookup_tables
from foreseen.adapters.predictor.scikit_learn.columns.part_readers import is_of_known_library

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    from sklearn.preprocessing import OrdinalEncoder

    Table: TypeAlias = pd.DataFrame | npt.NDArray[np.generic]

_ENTRY: Final = "transform"
_NONE: Final = object()
"""Marks an attribute that only the class of a part has."""
_NAN: Final = object()
"""Marks a missing value other than None."""


@dataclass(frozen=True, slots=True)
class Known:
    """Some of the values that the parts of a model know.

    Attributes:
        lists: those of each encoder's column, and of each lookup table of the user's own code.
        by_name: those of the lookup tables that are kept by a column's name.
    """

    lists: tuple[tuple[object, ...], ...] = ()
    by_name: Mapping[str, tuple[object, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class Observations:
    """What was counted during one call.

    Attributes:
        finished: completed calls of the user's own transformers.
        known, total: values passed to fitted encoders that they know, and all of them.
        recognised: values passed to the user's own transformers that are in their lookup tables.
    """

    finished: int = 0
    known: int = 0
    total: int = 0
    recognised: int = 0

    @property
    def known_share(self) -> float:
        """The share of values that the encoders knew."""
        return self.known / self.total if self.total else 1.0


class ObservedParts:
    """The encoders of one model and the user's own transformers in it, observed while it is called."""

    def __init__(self, model: object) -> None:
        transformers = [part for part in parts(model) if _is_transformer(part)]
        self._encoders = [part for part in transformers if isinstance(getattr(part, "categories_", None), list)]
        self._own = [part for part in transformers if hasattr(part, "func") or not is_of_known_library(part)]
        self._tables = {id(part): lookup_tables(part) for part in self._own}

    @property
    def keeps_tables(self) -> bool:
        """Whether the user's own code keeps lookup tables."""
        return any(self._tables.values())

    def known(self) -> Known:
        """Return some of the values that the encoders and the user's own code know."""
        tables = [table for of_part in self._tables.values() for table in of_part]
        listed = [each.tolist() for encoder in self._encoders for each in cast("OrdinalEncoder", encoder).categories_]
        listed += [list(table.keys) for table in tables]
        present = (tuple(value for value in each if not is_missing(value))[:MOST_VALUES] for each in listed)
        by_name = {table.name: tuple(table.keys)[:MOST_VALUES] for table in tables if table.name is not None}
        return Known(tuple(dict.fromkeys(each for each in present if each)), by_name)

    @contextmanager
    def observing(self) -> Iterator[Observations]:
        """Count what the parts do within the block."""
        seen = Observations()
        with ExitStack() as observed:  # undone in reverse order, since a part may be observed twice
            for part in self._encoders:
                count = partial(_count, cast("OrdinalEncoder", part).categories_, seen)
                observed.enter_context(_observing(part, count, seen, is_own=False))
            for part in self._own:
                count = partial(_count_own, self._tables[id(part)], seen)
                observed.enter_context(_observing(part, count, seen, is_own=True))
            yield seen


def _is_transformer(part: object) -> bool:
    return not isinstance(part, type) and callable(getattr(part, _ENTRY, None)) and hasattr(part, "__dict__")


@contextmanager
def _observing(part: object, count: Callable[["Table"], None], seen: Observations, *, is_own: bool) -> Iterator[None]:
    """Wrap the part's method in one that counts and calls it; restore it at the end."""
    original = getattr(part, _ENTRY)
    before = vars(part).get(_ENTRY, _NONE)

    def transform(table: "Table", *args: object, **options: object) -> object:
        with suppress(Exception):  # the part itself rejects what cannot be counted
            count(table)
        result = original(table, *args, **options)
        seen.finished += is_own
        return result

    vars(part)[_ENTRY] = transform
    try:
        yield
    finally:
        if before is _NONE:
            vars(part).pop(_ENTRY, None)
        else:
            vars(part)[_ENTRY] = before


def _count(categories: "Sequence[npt.NDArray[np.generic]]", seen: Observations, table: "Table") -> None:
    for place, listed in enumerate(categories):
        column = _column(table, place)
        known = set(map(_one_missing, listed.tolist()))
        seen.total += len(column)
        seen.known += sum(_one_missing(value) in known for value in column)


def _count_own(tables: Sequence[LookupTable], seen: Observations, table: "Table") -> None:
    names = [str(name) for name in getattr(table, "columns", range(table.shape[1]))]
    shared = [each for each in tables if each.name not in names]
    for place, name in enumerate(names):
        own = [each for each in tables if each.name == name] or shared
        seen.recognised += sum(any(each.holds(value) for each in own) for value in _column(table, place))


def _column(table: "Table", place: int) -> list[object]:
    values: list[object] = (table.iloc[:, place] if hasattr(table, "iloc") else table[:, place]).tolist()
    return values


def _one_missing(value: object) -> object:
    """Return a value that equals itself: a marker for NaN, but None unchanged, which encoders distinguish."""
    return _NAN if value is not None and is_missing(value) else value
