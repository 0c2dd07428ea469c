"""XGBoost: columns of its estimators and of its Booster."""

from typing import Any, Final

from foreseen.adapters.predictor.column_facts.column_facts import ColumnFacts
from foreseen.adapters.predictor.column_facts.known_values import as_category
from foreseen.domain.values.signature import DType

_DTYPES: Final[dict[str, DType]] = {"int": "int64", "i": "bool"}
"""Types of features, as XGBoost notes them of a frame; "i" is an indicator."""


def read_names(model: Any) -> list[str] | None:
    """Return the columns' names; None where it was fitted without."""
    names = _booster(model).feature_names
    return None if names is None else [str(name) for name in names]


def read_facts(model: Any) -> list[ColumnFacts]:
    """Return what each column is."""
    booster = _booster(model)
    missing = getattr(model, "missing", float("nan"))
    takes_missing = missing is None or missing != missing  # else a number means that a value is missing
    types = booster.feature_types or ["float"] * booster.num_features()
    categories = _categories(booster) if "c" in types and booster.feature_names else {}
    return [_facts(index, kind, categories, takes_missing=takes_missing) for index, kind in enumerate(types)]


def _facts(index: int, kind: str, categories: dict[int, list[Any]], *, takes_missing: bool) -> ColumnFacts:
    origin = "feature_types of XGBoost"
    if kind == "c" and index in categories:
        return as_category(
            categories[index], origin="categories of XGBoost", takes_missing=takes_missing, refuses_unknown=True
        )
    if kind == "c":
        return ColumnFacts(form="category", takes_missing=takes_missing, refuses_unknown=True, origin=origin)
    dtype = _DTYPES.get(kind)
    # As numbers, since a bool that is missing is none that its matrix takes.
    return ColumnFacts(dtype=dtype, form="float64", takes_missing=takes_missing, origin=origin if dtype else "")


def _booster(model: Any) -> Any:
    return model.get_booster() if hasattr(model, "get_booster") else model


def _categories(booster: Any) -> dict[int, list[Any]]:
    """Return the categories by column; none for a model of before XGBoost 3.1, which did not keep them."""
    if not hasattr(booster, "get_categories"):
        return {}
    kept = booster.get_categories(export_to_arrow=True)
    listed = kept.to_arrow() if kept is not None else []
    return {index: values.to_pylist() for index, (_, values) in enumerate(listed) if values is not None}
