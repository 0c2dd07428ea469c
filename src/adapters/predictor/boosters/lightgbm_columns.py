"""LightGBM: columns of its estimators and of its Booster."""

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from foreseen.adapters.predictor.boosters.lightgbm_categories import (
    PlacedCategories,
    SeenColumn,
    placed_categories,
)
from foreseen.adapters.predictor.column_facts.column_facts import ColumnFacts
from foreseen.adapters.predictor.column_facts.known_values import as_category, rounded

if TYPE_CHECKING:
    from lightgbm import Booster


def read_names(model: object) -> list[str] | None:
    """Return the columns' names; None where LightGBM numbered them itself."""
    names = list(_booster(model).feature_name())
    return None if names == [f"Column_{index}" for index in range(len(names))] else names


def read_facts(model: object) -> list[ColumnFacts]:
    """Return what each column is: the codes of pandas categories come from the lists that the model keeps."""
    booster = _booster(model)
    seen = _seen_columns(booster)
    placed = placed_categories(seen, booster.pandas_categorical or ())
    return [_facts(place, column, placed) for place, column in enumerate(seen)]


def _facts(place: int, column: SeenColumn, placed: PlacedCategories) -> ColumnFacts:
    if place in placed.unclear:
        return ColumnFacts(form="category", takes_missing=True, is_doubtful=True)
    if (categories := placed.by_column.get(place)) is not None:
        facts = as_category(categories, origin="pandas_categorical of LightGBM", takes_missing=True)
        return replace(facts, is_doubtful=place in placed.doubtful)
    return ColumnFacts(takes_missing=True, example=None if column.is_categorical else _middle(column.values))


def _booster(model: object) -> "Booster":
    return cast("Booster", getattr(model, "booster_", model))


def _categorical(booster: "Booster") -> list[int]:
    """Return the indices of the categorical columns; a Booster keeps them elsewhere once it was saved and loaded."""
    for name in ("categorical_column", "categorical_feature"):
        kept = booster.params.get(name)
        if isinstance(kept, str):
            kept = [part for part in kept.split(",") if part]
        if kept and all(isinstance(place, int) or str(place).isdigit() for place in kept):
            return sorted(int(place) for place in kept)
    loaded = booster.model_to_string(num_iteration=1)
    line = next((line for line in loaded.splitlines() if line.startswith("[categorical_feature:")), "")
    return sorted(int(place) for place in line.partition(":")[2].strip(" ]").split(",") if place.strip().isdigit())


def _seen_columns(booster: "Booster") -> list[SeenColumn]:
    """Return what the header of the model's text records of each column: "[0:2]", categories "-1:0:2:1", or "none"."""
    header = booster.model_to_string(num_iteration=1)
    line = next(line for line in header.splitlines() if line.startswith("feature_infos="))
    categorical = {*_categorical(booster)}
    infos = line.removeprefix("feature_infos=").split(" ")
    return [SeenColumn(place in categorical, _values(info)) for place, info in enumerate(infos)]


def _values(info: str) -> tuple[float, ...]:
    if info == "none":
        return ()
    values = tuple(map(float, info.strip("[]").split(":")))
    # A negative code is a missing category.
    return values if info.startswith("[") else tuple(value for value in values if value >= 0)


def _middle(values: tuple[float, ...]) -> float | str | None:
    return rounded(sum(values) / 2) if values else None
