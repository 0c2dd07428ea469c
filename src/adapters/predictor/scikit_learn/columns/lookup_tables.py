"""Own tables: the values that a transformer of a user's own keeps to look up what it is given."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class OwnTable:
    """The values that one dict, one counted series or one label encoder knows.

    Attributes:
        name: under which it is kept among others, which is that of a column most likely; None where it is alone.
        kinds: each value with its kind: pandas does not find the key True by 1.0, although they are equal.
    """

    name: str | None
    keys: tuple[object, ...]
    kinds: frozenset[tuple[str, object]]

    def holds(self, value: object) -> bool:
        """Return whether it knows a value."""
        return (_kind(value), value) in self.kinds


def own_tables(part: Any) -> tuple[OwnTable, ...]:
    """Return the tables that a transformer keeps in its attributes, by themselves or one a column."""
    kept = (value for name, value in vars(part).items() if not name.startswith("_sklearn"))
    return tuple(table for value in kept for table in _tables(value))


def _tables(value: Any) -> Iterator[OwnTable]:
    if isinstance(value, Mapping) and any(_keys(inner) is not None for inner in value.values()):
        for name, inner in value.items():
            if (keys := _keys(inner)) is not None:
                yield _table(str(name), keys)
    elif keys := _keys(value):
        yield _table(None, keys)


def _keys(value: Any) -> tuple[object, ...] | None:
    if isinstance(value, Mapping):
        return tuple(value)
    if hasattr(value, "to_dict") and hasattr(value, "index") and getattr(value, "ndim", 0) == 1:  # a series
        return tuple(value.index.tolist())
    if hasattr(value, "inverse_transform") and hasattr(value, "classes_"):  # an encoder of labels
        return tuple(value.classes_.tolist())
    return None


def _table(name: str | None, keys: tuple[object, ...]) -> OwnTable:
    return OwnTable(name, keys, frozenset((_kind(key), key) for key in keys))


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, int | float) else type(value).__name__
