"""The columns of a fitted model: their names, which hold strings, which may be missing."""

import sys
from typing import Any

from foreseen.adapters.predictor.scikit_learn.column_facts import ColumnFacts


def read_columns(model: Any) -> list[ColumnFacts] | None:
    """Tell what each input column is, in order; None when the model does not say how many it takes."""
    count = getattr(model, "n_features_in_", None)
    if count is None:
        return None
    if "sklearn" not in sys.modules:  # which every part that tells more has imported
        return [ColumnFacts()] * int(count)
    from foreseen.adapters.predictor.scikit_learn.column_tracing import traced  # noqa: PLC0415 - a second, where nothing has imported it

    names = feature_names(model)
    return [traced(model, index, names[index] if names else None) for index in range(int(count))]


def feature_names(model: Any) -> list[str] | None:
    """Give the names of the columns it was fitted on; None when it was fitted on an array."""
    names = getattr(model, "feature_names_in_", None)
    return None if names is None else [str(name) for name in names]
