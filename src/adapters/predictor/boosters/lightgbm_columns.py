"""LightGBM: columns of its estimators and of its Booster."""

from typing import Any

from foreseen.adapters.predictor.scikit_learn.column_facts import ColumnFacts
from foreseen.adapters.predictor.scikit_learn.known_values import as_category, rounded


def read_names(model: Any) -> list[str] | None:
    """Return the columns' names; None where LightGBM numbered them itself."""
    names = list(_booster(model).feature_name())
    return None if names == [f"Column_{index}" for index in range(len(names))] else names


def read_facts(model: Any) -> list[ColumnFacts]:
    """Return what each column is: the codes of pandas categories come from the lists that the model keeps."""
    booster = _booster(model)
    categories = dict(zip(_categorical(booster), booster.pandas_categorical or (), strict=False))
    return [
        as_category(categories[index], origin="pandas_categorical of LightGBM", takes_missing=True)
        if index in categories
        else ColumnFacts(takes_missing=True, example=example)
        for index, example in enumerate(_examples(booster))
    ]


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


def _examples(booster: Any) -> list[float | int | None]:
    """Return the middle of the range that each column had: the header of the model's text keeps it."""
    header = booster.model_to_string(num_iteration=1)
    line = next(line for line in header.splitlines() if line.startswith("feature_infos="))
    return [_middle(info) for info in line.removeprefix("feature_infos=").split(" ")]


def _middle(info: str) -> float | int | None:
    if not (info.startswith("[") and info.endswith("]")):
        return None
    low, _, high = info[1:-1].partition(":")
    return rounded((float(low) + float(high)) / 2)  # type: ignore[no-any-return]
