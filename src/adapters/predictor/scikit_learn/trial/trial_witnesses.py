"""Witnesses: the parts inside a model that show, while it is called, how well it takes what it is given."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from foreseen.adapters.predictor.column_facts.column_facts import MOST_VALUES
from foreseen.adapters.predictor.column_facts.known_values import is_missing
from foreseen.adapters.predictor.object_graph import parts
from foreseen.adapters.predictor.scikit_learn.columns.lookup_tables import OwnTable, own_tables
from foreseen.adapters.predictor.scikit_learn.columns.part_readers import says_what_it_wants

_ENTRY: Final = "transform"
_NONE: Final = object()
"""The mark of an attribute that a part has from its class alone."""
_NAN: Final = object()
"""The mark of a missing value other than None."""


@dataclass(frozen=True, slots=True)
class Known:
    """Some of the values that parts of a model know.

    Attributes:
        lists: of each column of an encoder, and of each table that the user's own code keeps.
        by_name: those of such a table that is kept under the name of a column.
    """

    lists: tuple[tuple[object, ...], ...] = ()
    by_name: Mapping[str, tuple[object, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class Seen:
    """What the witnesses of a call saw.

    Attributes:
        finished: calls of the user's own transformers that came to their end.
        known, total: values that fitted encoders were given and knew, and all that they were given.
        recognised: values that the user's own transformers were given and keep in a table.
    """

    finished: int = 0
    known: int = 0
    total: int = 0
    recognised: int = 0

    @property
    def known_share(self) -> float:
        """The share of values that the encoders knew."""
        return self.known / self.total if self.total else 1.0


class Witnesses:
    """The encoders of one model and the user's own transformers in it, watched while it is called."""

    def __init__(self, model: Any) -> None:
        transformers = [part for part in parts(model) if _is_transformer(part)]
        self._encoders = [part for part in transformers if isinstance(getattr(part, "categories_", None), list)]
        self._own = [part for part in transformers if hasattr(part, "func") or not says_what_it_wants(part)]
        self._tables = {id(part): own_tables(part) for part in self._own}

    @property
    def keeps_tables(self) -> bool:
        """Whether the user's own code keeps values that it knows."""
        return any(self._tables.values())

    def known(self) -> Known:
        """Return some of the values that the encoders and the user's own code know."""
        tables = [table for of_part in self._tables.values() for table in of_part]
        listed = [each.tolist() for encoder in self._encoders for each in encoder.categories_]
        listed += [list(table.keys) for table in tables]
        present = (tuple(value for value in each if not is_missing(value))[:MOST_VALUES] for each in listed)
        by_name = {table.name: tuple(table.keys)[:MOST_VALUES] for table in tables if table.name is not None}
        return Known(tuple(dict.fromkeys(each for each in present if each)), by_name)

    @contextmanager
    def watching(self) -> Iterator[Seen]:
        """Count what they do meanwhile."""
        seen = Seen()
        with ExitStack() as watched:  # undone from the last to the first, as one part may be watched twice
            for part in self._encoders:
                count = partial(_count, part.categories_, seen)
                watched.enter_context(_watching(part, count, seen, is_own=False))
            for part in self._own:
                count = partial(_count_own, self._tables[id(part)], seen)
                watched.enter_context(_watching(part, count, seen, is_own=True))
            yield seen


def _is_transformer(part: Any) -> bool:
    return not isinstance(part, type) and callable(getattr(part, _ENTRY, None)) and hasattr(part, "__dict__")


@contextmanager
def _watching(part: Any, count: Callable[[Any], None], seen: Seen, *, is_own: bool) -> Iterator[None]:
    """Put a method before the part's, which counts and goes on as the part's does; leave the part as it was."""
    original = getattr(part, _ENTRY)
    before = vars(part).get(_ENTRY, _NONE)

    def transform(table: Any, *args: Any, **options: Any) -> Any:
        with suppress(Exception):  # what cannot be counted is the part's to refuse
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


def _count(categories: Sequence[Any], seen: Seen, table: Any) -> None:
    for place, listed in enumerate(categories):
        column = _column(table, place)
        known = set(map(_one_missing, listed.tolist()))
        seen.total += len(column)
        seen.known += sum(_one_missing(value) in known for value in column)


def _count_own(tables: Sequence[OwnTable], seen: Seen, table: Any) -> None:
    names = [str(name) for name in getattr(table, "columns", range(table.shape[1]))]
    shared = [each for each in tables if each.name not in names]
    for place, name in enumerate(names):
        own = [each for each in tables if each.name == name] or shared
        seen.recognised += sum(any(each.holds(value) for each in own) for value in _column(table, place))


def _column(table: Any, place: int) -> list[Any]:
    values: list[Any] = (table.iloc[:, place] if hasattr(table, "iloc") else table[:, place]).tolist()
    return values


def _one_missing(value: Any) -> Any:
    """Return a value so that it equals itself: NaN does not; None is another value to an encoder."""
    return _NAN if value is not None and is_missing(value) else value
