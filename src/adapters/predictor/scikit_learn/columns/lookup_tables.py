"""Lookup tables: the values that a user's own transformer keeps to look its input up in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LookupTable:
    """The values in one dict, one counted series or one label encoder.

    Attributes:
        name: its key in a dict of tables, most likely a column's name; None if it is in no such dict.
        kinds: each value with its kind: pandas does not find the key True by 1.0, although they are equal.
    """

    name: str | None
    keys: tuple[object, ...]
    kinds: frozenset[tuple[str, object]]

    def holds(self, value: object) -> bool:
        """Return whether it contains a value of the same kind."""
        return (_kind(value), value) in self.kinds


def lookup_tables(part: object) -> tuple[LookupTable, ...]:
    """Return the tables in a transformer's attributes, one by one or in a dict by column."""
    kept = (value for name, value in vars(part).items() if not name.startswith("_sklearn"))
    return tuple(table for value in kept for table in _tables(value))


def _tables(value: object) -> Iterator[LookupTable]:
    if isinstance(value, Mapping) and any(_keys(inner) is not None for inner in value.values()):
        for name, inner in value.items():
            if (keys := _keys(inner)) is not None:
                yield _table(str(name), keys)
    elif keys := _keys(value):
        yield _table(None, keys)


def _keys(value: object) -> tuple[object, ...] | None:
    if isinstance(value, Mapping):
        return tuple(value)
    if hasattr(value, "to_dict") and hasattr(value, "index") and getattr(value, "ndim", 0) == 1:  # a series
        return tuple(value.index.tolist())
    if hasattr(value, "inverse_transform") and hasattr(value, "classes_"):  # a label encoder
        return tuple(value.classes_.tolist())
    return None


def _table(name: str | None, keys: tuple[object, ...]) -> LookupTable:
    return LookupTable(name, keys, frozenset((_kind(key), key) for key in keys))


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, int | float) else type(value).__name__
