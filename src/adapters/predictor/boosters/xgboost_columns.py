"""XGBoost: columns of its estimators and of its Booster."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Protocol, cast

from foreseen.adapters.predictor.column_facts.column_facts import ColumnFacts
from foreseen.adapters.predictor.column_facts.known_values import as_category
from foreseen.domain.values.instance_size import require_few_columns
from foreseen.domain.values.signature import DType

if TYPE_CHECKING:
    import pyarrow as pa
    from xgboost import Booster

_DTYPES: Final[dict[str, DType]] = {"int": "int64", "i": "bool"}
"""XGBoost's names for the types of a frame's columns; "i" is an indicator."""


def read_names(model: object) -> list[str] | None:
    """Return the columns' names; None if it was fitted without names."""
    names = _booster(model).feature_names
    return None if names is None else [str(name) for name in names]


def read_facts(model: object) -> list[ColumnFacts]:
    """Return what each column is; raise ValueError for very many of them, of which the file has but the number."""
    booster = _booster(model)
    require_few_columns(booster.num_features())
    missing = getattr(model, "missing", float("nan"))
    takes_missing = missing is None or missing != missing  # otherwise some number marks a missing value
    types = booster.feature_types or ["float"] * booster.num_features()
    categories = _categories(booster) if "c" in types and booster.feature_names else {}
    return [_facts(index, kind, categories, takes_missing=takes_missing) for index, kind in enumerate(types)]


def _facts(index: int, kind: str, categories: dict[int, list[object]], *, takes_missing: bool) -> ColumnFacts:
    origin = "feature_types of XGBoost"
    if kind == "c" and index in categories:
        return as_category(
            categories[index], origin="categories of XGBoost", takes_missing=takes_missing, rejects_unknown=True
        )
    if kind == "c":
        return ColumnFacts(form="category", takes_missing=takes_missing, rejects_unknown=True, origin=origin)
    dtype = _DTYPES.get(kind)
    # float64 even for a bool: XGBoost's matrix accepts no missing value in a bool column.
    return ColumnFacts(dtype=dtype, form="float64", takes_missing=takes_missing, origin=origin if dtype else "")


def _booster(model: object) -> "Booster":
    return cast("Booster", model.get_booster() if hasattr(model, "get_booster") else model)


class _Exported(Protocol):
    def to_arrow(self) -> Sequence[tuple[str, "pa.Array | None"]]: ...


def _categories(booster: "Booster") -> dict[int, list[object]]:
    """Return the categories by column index; none for a model from before XGBoost 3.1, which kept none.

    Nor those of a column with texts beyond ASCII: XGBoost 3.2 cuts all of them by characters where it means bytes.
    """
    if not hasattr(booster, "get_categories"):
        return {}
    # It returns None if there are no categories, contrary to its annotation.
    kept = cast("_Exported | None", booster.get_categories(export_to_arrow=True))
    listed = kept.to_arrow() if kept is not None else []
    return {
        index: values.to_pylist()
        for index, (_, values) in enumerate(listed)
        if values is not None and _is_whole(values)
    }


def _is_whole(values: "pa.Array") -> bool:
    try:
        return all(not isinstance(value, str) or value.isascii() for value in values.to_pylist())
    except UnicodeDecodeError:  # which the cuts caused
        return False
