"""CatBoost: columns of its models."""

from typing import Any

from foreseen.adapters.predictor.scikit_learn.column_facts import ColumnFacts
from foreseen.adapters.predictor.scikit_learn.known_values import rounded


def read_names(model: Any) -> list[str] | None:
    """Return the columns' names; None where CatBoost numbered them itself."""
    names = [str(name) for name in model.feature_names_ or ()]
    return None if not names or names == [str(index) for index in range(len(names))] else names


def read_facts(model: Any) -> list[ColumnFacts]:
    """Return what each column is.

    A category is hashed as its text, which for an integer is the same; which of the two it was is not kept.
    """
    texts = {*model.get_cat_feature_indices(), *model.get_text_feature_indices()}
    borders = model.get_borders() if model.tree_count_ else {}
    return [
        ColumnFacts(dtype="string", origin="cat_features of CatBoost")
        if index in texts
        else ColumnFacts(takes_missing=True, example=_middle(borders.get(index, ())))
        for index in range(len(model.feature_names_ or ()))
    ]


def _middle(borders: Any) -> float | int | None:
    return rounded(borders[len(borders) // 2]) if len(borders) else None
