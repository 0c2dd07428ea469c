"""LightGBM keeps lists of pandas categories, but not of which columns: each is found where its codes fit."""

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from foreseen.domain.errors import ModelUnavailableError
from support.loaded_models import load_saved, own_answers, sent

lightgbm: Any = import_module("lightgbm")

ROWS = 120
RANDOM = np.random.default_rng(0)
DRAWN = RANDOM.integers(0, 3, ROWS)
NUMBERS = RANDOM.normal(size=ROWS).round(3)


def _ordered(categories: list[Any]) -> pd.Categorical:
    return pd.Categorical(np.array(categories)[DRAWN], categories, ordered=True)


def _unordered(categories: list[Any]) -> pd.Categorical:
    return pd.Categorical(np.array(categories)[RANDOM.integers(0, 3, ROWS)], categories)


FRAMES: dict[str, tuple[dict[str, Any], Any]] = {
    "integers by name before a category": ({"shop": DRAWN + 1, "kind": _unordered([3, 1, 2]), "n": NUMBERS}, ["shop"]),
    "integers by name after a category": ({"kind": _unordered([30, 10, 20]), "shop": DRAWN * 7}, ["shop"]),
    "both by name": ({"shop": DRAWN + 4, "kind": _unordered([3, 1, 2]), "n": NUMBERS}, ["shop", "kind"]),
    "an ordered category alone": ({"size": _ordered(["S", "M", "L"]), "n": NUMBERS}, "auto"),
    "an ordered category of integers": ({"n": NUMBERS, "size": _ordered([20, 10, 0])}, "auto"),
    "an ordered one before another": ({"size": _ordered([7, 5, 6]), "kind": _unordered([3, 1, 2])}, "auto"),
    "an ordered one after another": ({"kind": _unordered([3, 1, 2]), "size": _ordered([7, 5, 6])}, "auto"),
    "all three kinds": (
        {"shop": DRAWN + 1, "size": _ordered([9, 4, 6]), "kind": _unordered(["x", "y", "z"]), "n": NUMBERS}, ["shop"],
    ),
}  # fmt: skip


def _fitted(frame: pd.DataFrame, categorical: Any = "auto") -> Any:
    answer = DRAWN == 2 if "kind" not in frame else (DRAWN == 2) ^ (frame["kind"].cat.codes == 1)
    model = lightgbm.LGBMClassifier(n_estimators=8, min_child_samples=2, verbose=-1)
    return model.fit(frame, answer.astype(int), categorical_feature=categorical)


def _instances(frame: pd.DataFrame) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = frame.astype(object).to_dict("records")
    return rows


@pytest.mark.parametrize("name", FRAMES)
def test_categories_belong_to_the_columns_that_had_them(name: str, tmp_path: Path) -> None:
    columns, categorical = FRAMES[name]
    frame = pd.DataFrame(columns)
    model = _fitted(frame, categorical)
    predictor = load_saved(model, tmp_path)

    assert predictor.info.model_input.doubts == ()
    assert sent(predictor, *_instances(frame[:20])) == own_answers(model, frame[:20])


TWO_THAT_FIT = pd.DataFrame({"size": _ordered([7, 5, 6]), "shop": DRAWN, "n": NUMBERS})
"""The codes of the ordered category are numbers as those of the shop are."""


def test_a_category_that_two_columns_may_be_is_rejected(tmp_path: Path) -> None:
    model = _fitted(TWO_THAT_FIT)

    with pytest.raises(ModelUnavailableError, match="feature 'size': expected whether it is a pandas category"):
        load_saved(model, tmp_path)


def test_a_sidecar_says_which_column_had_the_categories(tmp_path: Path) -> None:
    model = _fitted(TWO_THAT_FIT)
    toml = (
        '[[features]]\nname = "size"\ncategories = [7, 5, 6]\nordered = true\n'
        '[[features]]\nname = "shop"\ndtype = "int64"\n'
    )
    predictor = load_saved(model, tmp_path, toml)

    assert sent(predictor, *_instances(TWO_THAT_FIT[:9])) == own_answers(model, TWO_THAT_FIT[:9])


def test_a_likely_category_is_doubted_where_another_column_fits_exactly(tmp_path: Path) -> None:
    frame = pd.DataFrame({"shop": DRAWN, "kind": _unordered([3, 1, 2])})
    model = _fitted(frame)
    predictor = load_saved(model, tmp_path)

    (doubt,) = predictor.info.model_input.doubts
    assert doubt.startswith("kind: taken as the pandas category of 3, 1, 2, but another column may have been that")
    assert sent(predictor, *_instances(frame[:9])) == own_answers(model, frame[:9])
