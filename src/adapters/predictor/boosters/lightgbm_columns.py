"""LightGBM: columns of its estimators and of its Booster."""

from dataclasses import replace
from typing import Any

from foreseen.adapters.predictor.boosters.lightgbm_categories import (
    PlacedCategories,
    SeenColumn,
    placed_categories,
)
from foreseen.adapters.predictor.column_facts.column_facts import ColumnFacts
from foreseen.adapters.predictor.column_facts.known_values import as_category, rounded


def read_names(model: Any) -> list[str] | None:
    """Return the columns' names; None where LightGBM numbered them itself."""
    names = list(_booster(model).feature_name())
    return None if names == [f"Column_{index}" for index in range(len(names))] else names


def read_facts(model: Any) -> list[ColumnFacts]:
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


def _booster(model: Any) -> Any:
    return getattr(model, "booster_", model)


def _categorical(booster: Any) -> list[int]:
    """Return the numbers of the columns that were categories, under the name of this process or of a loaded file."""
    for name in ("categorical_column", "categorical_feature"):
        kept = booster.params.get(name)
        if isinstance(kept, str):
            kept = [part for part in kept.split(",") if part]
        if kept and all(isinstance(place, int) or str(place).isdigit() for place in kept):
            return sorted(int(place) for place in kept)
    loaded = booster.model_to_string(num_iteration=1)
    line = next((line for line in loaded.splitlines() if line.startswith("[categorical_feature:")), "")
    return sorted(int(place) for place in line.partition(":")[2].strip(" ]").split(",") if place.strip().isdigit())


def _seen_columns(booster: Any) -> list[SeenColumn]:
    """Return what the header of the model's text keeps of each column: "[0:2]", "-1:0:2:1" of categories, or "none"."""
    header = booster.model_to_string(num_iteration=1)
    line = next(line for line in header.splitlines() if line.startswith("feature_infos="))
    categorical = {*_categorical(booster)}
    infos = line.removeprefix("feature_infos=").split(" ")
    return [SeenColumn(place in categorical, _values(info)) for place, info in enumerate(infos)]


def _values(info: str) -> tuple[float, ...]:
    if info == "none":
        return ()
    values = tuple(map(float, info.strip("[]").split(":")))
    # Below zero is what LightGBM holds for missing in categories.
    return values if info.startswith("[") else tuple(value for value in values if value >= 0)


def _middle(values: tuple[float, ...]) -> float | int | None:
    return rounded(sum(values) / 2) if values else None
