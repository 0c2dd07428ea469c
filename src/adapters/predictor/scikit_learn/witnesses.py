"""Witnesses: the fitted encoders inside a model, which show whether they know what its code makes of a column."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from foreseen.adapters.predictor.loading.object_graph import parts
from foreseen.adapters.predictor.scikit_learn.column_facts import MOST_VALUES
from foreseen.adapters.predictor.scikit_learn.part_readers import is_missing

_ENTRY: Final = "transform"


@dataclass(slots=True)
class Recognised:
    """How many values the encoders were given, and how many of them they were fitted on."""

    known: int = 0
    total: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether they know all of them."""
        return self.known == self.total


class Witnesses:
    """The encoders of one model, watched while it is called."""

    def __init__(self, model: Any) -> None:
        self._encoders = [part for part in parts(model) if _is_encoder(part)]

    def values(self) -> tuple[object, ...]:
        """Return some of the values that they know."""
        known = [value for encoder in self._encoders for listed in encoder.categories_ for value in listed.tolist()]
        return tuple(dict.fromkeys(value for value in known if not is_missing(value)))[:MOST_VALUES]

    @contextmanager
    def watching(self) -> Iterator[Recognised]:
        """Count what they recognise meanwhile."""
        counts = Recognised()
        for encoder in self._encoders:
            _watch(encoder, counts)
        try:
            yield counts
        finally:
            for encoder in self._encoders:
                vars(encoder).pop(_ENTRY, None)


def _is_encoder(part: Any) -> bool:
    categories = getattr(part, "categories_", None) if not isinstance(part, type) else None
    return isinstance(categories, list) and callable(getattr(part, _ENTRY, None)) and hasattr(part, "__dict__")


def _watch(encoder: Any, counts: Recognised) -> None:
    """Put a method of its own before the class's, which counts and then goes on as the class's does."""
    original = getattr(encoder, _ENTRY)

    def transform(table: Any, *args: Any, **options: Any) -> Any:
        with suppress(Exception):  # what cannot be counted is the encoder's to refuse
            _count(encoder.categories_, table, counts)
        return original(table, *args, **options)

    vars(encoder)[_ENTRY] = transform


def _count(categories: Sequence[Any], table: Any, counts: Recognised) -> None:
    for place, listed in enumerate(categories):
        column = table.iloc[:, place] if hasattr(table, "iloc") else table[:, place]
        known = set(listed.tolist())
        counts.total += len(column)
        counts.known += sum(value in known for value in column.tolist())
