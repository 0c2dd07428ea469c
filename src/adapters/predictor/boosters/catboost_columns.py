"""CatBoost: columns of its models."""

from typing import TYPE_CHECKING, Final

from foreseen.adapters.predictor.boosters.catboost_categories import whole_number_categories
from foreseen.adapters.predictor.column_facts.column_facts import MOST_VALUES, ColumnFacts
from foreseen.adapters.predictor.column_facts.known_values import rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from catboost import CatBoost

_ORIGIN: Final = "cat_features of CatBoost"


def read_names(model: "CatBoost") -> list[str] | None:
    """Return the columns' names; None where CatBoost numbered them itself."""
    names = [str(name) for name in model.feature_names_ or ()]
    return None if not names or names == [str(index) for index in range(len(names))] else names


def read_facts(model: "CatBoost") -> list[ColumnFacts]:
    """Return what each column is.

    CatBoost hashes a category as its text, so that 10 and "10" are the same to a model, and so are True and 1. A column
    whose known categories are all whole numbers is an int64.
    """
    categories = {*model.get_cat_feature_indices()}
    texts = {*model.get_text_feature_indices()}
    borders = model.get_borders() if model.tree_count_ else {}
    numbers = whole_number_categories(model) if categories and model.tree_count_ else {}

    def facts(column: int) -> ColumnFacts:
        if column in numbers:
            return ColumnFacts(dtype="int64", values=tuple(numbers[column][:MOST_VALUES]), origin=_ORIGIN)
        if column in categories or column in texts:
            return ColumnFacts(dtype="string", origin=_ORIGIN)
        return ColumnFacts(takes_missing=True, example=_middle(borders.get(column, ())))

    return [facts(column) for column in range(len(model.feature_names_ or ()))]


def _middle(borders: "Sequence[float]") -> float | str | None:
    return rounded(borders[len(borders) // 2]) if len(borders) else None
