"""Columns of the gradient boosting libraries: names, categories and missing values as their models keep them.

Models are read by their attributes alone, so that no library is imported for a model of another.
"""

from importlib import import_module
from typing import Any, Final

from foreseen.adapters.predictor.boosters.native_classifier import booster_of
from foreseen.adapters.predictor.column_facts.column_facts import ColumnFacts

_LIBRARIES: Final = ("lightgbm", "xgboost", "catboost")


def booster_facts(model: object) -> list[ColumnFacts] | None:
    """Return the facts of each input column of a booster, in order; None for any other model."""
    if (reader := _reader(model)) is None:
        return None
    facts: list[ColumnFacts] | None = reader.read_facts(booster_of(model))
    return facts


def booster_names(model: object) -> list[str] | None:
    """Return the names of the columns that a booster was fitted on; None if it has none, or is not a booster."""
    if (reader := _reader(model)) is None:
        return None
    names: list[str] | None = reader.read_names(booster_of(model))
    return names


def takes_dmatrix(model: object) -> bool:
    """Return whether a model is called with XGBoost's own matrix."""
    kind = type(booster_of(model))
    return kind.__module__.startswith("xgboost.") and kind.__name__ == "Booster"


def _reader(model: Any) -> Any:
    """Return the module that reads models of this library."""
    tops = (base.__module__.partition(".")[0] for base in type(booster_of(model)).__mro__)
    top = next((top for top in tops if top in _LIBRARIES), None)
    if top is None:
        return None
    return import_module(f"foreseen.adapters.predictor.boosters.{top}_columns")
