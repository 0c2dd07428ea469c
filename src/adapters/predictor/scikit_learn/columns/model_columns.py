"""The columns of a fitted model: how many, their names, what they contain."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from foreseen.adapters.predictor.boosters.booster_columns import booster_facts, booster_names
from foreseen.adapters.predictor.column_facts.column_facts import ColumnFacts
from foreseen.adapters.predictor.scikit_learn.columns.first_part import dict_columns, first_part, is_text_part
from foreseen.domain.values.instance_size import require_few_columns

TEXT_NAME: Final = "text"
"""The feature name of a model that takes texts, which has no column names."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What a model records about its input.

    Attributes:
        names: of its columns; None if it was fitted without names.
        facts: one per column, in order.
    """

    names: tuple[str, ...] | None
    facts: tuple[ColumnFacts, ...]

    @property
    def shown_names(self) -> tuple[str, ...]:
        """The names, or x0, x1, … without any."""
        return self.names or tuple(f"x{index}" for index in range(len(self.facts)))


def read_columns(model: object, given_names: Sequence[str] | None = None) -> Columns | None:
    """Return what is known of each input column; None if neither model nor operator says how many there are.

    Args:
        given_names: of the columns, from the operator.
    Raises:
        ValueError: there are very many.
    """
    first = first_part(model)
    if is_text_part(first):
        return Columns((TEXT_NAME,), (ColumnFacts(dtype="string", origin=type(first).__name__),))
    if (by_name := dict_columns(first)) is not None:
        return Columns(tuple(by_name), tuple(by_name.values()))
    if (facts := booster_facts(model)) is not None:
        names = booster_names(model)
        return Columns(tuple(names) if names else None, tuple(facts))
    names = feature_names(model)
    count = len(names) if names else getattr(model, "n_features_in_", None)
    if count is None and given_names:
        names, count = list(given_names), len(given_names)
    if count is None:
        return None
    require_few_columns(int(count))
    return _traced(model, names, int(count))


def feature_names(model: object) -> list[str] | None:
    """Return the names of the columns it was fitted on; None if it was fitted on an array."""
    if (names := booster_names(model)) is not None:
        return names
    own = getattr(model, "feature_names_in_", None)
    return None if own is None else [str(name) for name in own]


def _traced(model: object, names: Sequence[str] | None, count: int) -> Columns:
    kept = tuple(names) if names else None
    if "sklearn" not in sys.modules:  # which any part that reveals more would have imported
        return Columns(kept, (ColumnFacts(is_opaque=True),) * count)
    from foreseen.adapters.predictor.scikit_learn.columns.column_tracing import traced  # noqa: PLC0415 - takes a second

    return Columns(kept, tuple(traced(model, names, count)))
