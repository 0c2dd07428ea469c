"""Witnesses: the parts inside a model that show, while it is called, how well it takes what it is given."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from foreseen.adapters.predictor.loading.object_graph import parts
from foreseen.adapters.predictor.scikit_learn.column_facts import MOST_VALUES
from foreseen.adapters.predictor.scikit_learn.known_values import is_missing
from foreseen.adapters.predictor.scikit_learn.part_readers import says_what_it_wants

_ENTRY: Final = "transform"
_NONE: Final = object()
"""The mark of an attribute that a part has from its class alone."""


@dataclass(slots=True)
class Seen:
    """What the witnesses of a call saw.

    Attributes:
        finished: calls of the user's own transformers that came to their end.
        known, total: values that fitted encoders were given and knew, and all that they were given.
    """

    finished: int = 0
    known: int = 0
    total: int = 0

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

    def values(self) -> tuple[object, ...]:
        """Return some of the values that the encoders know."""
        known = [value for encoder in self._encoders for listed in encoder.categories_ for value in listed.tolist()]
        return tuple(dict.fromkeys(value for value in known if not is_missing(value)))[:MOST_VALUES]

    @contextmanager
    def watching(self) -> Iterator[Seen]:
        """Count what they do meanwhile."""
        seen = Seen()
        with ExitStack() as watched:  # undone from the last to the first, as one part may be watched twice
            for part in self._encoders:
                watched.enter_context(_watching(part, seen, is_encoder=True))
            for part in self._own:
                watched.enter_context(_watching(part, seen, is_encoder=False))
            yield seen


def _is_transformer(part: Any) -> bool:
    return not isinstance(part, type) and callable(getattr(part, _ENTRY, None)) and hasattr(part, "__dict__")


@contextmanager
def _watching(part: Any, seen: Seen, *, is_encoder: bool) -> Iterator[None]:
    """Put a method before the part's, which counts and goes on as the part's does; leave the part as it was."""
    original = getattr(part, _ENTRY)
    before = vars(part).get(_ENTRY, _NONE)

    def transform(table: Any, *args: Any, **options: Any) -> Any:
        if is_encoder:
            with suppress(Exception):  # what cannot be counted is the encoder's to refuse
                _count(part.categories_, table, seen)
        result = original(table, *args, **options)
        seen.finished += not is_encoder
        return result

    vars(part)[_ENTRY] = transform
    try:
        yield
    finally:
        if before is _NONE:
            vars(part).pop(_ENTRY, None)
        else:
            vars(part)[_ENTRY] = before


def _count(categories: Sequence[Any], table: Any, seen: Seen) -> None:
    for place, listed in enumerate(categories):
        column = table.iloc[:, place] if hasattr(table, "iloc") else table[:, place]
        known = set(listed.tolist())
        seen.total += len(column)
        seen.known += sum(value in known for value in column.tolist())
