"""CatBoost keeps hashes of its categories only: whole numbers and bools are found among them, and taken as such."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from foreseen.domain.values.feature_values import read_value
from foreseen.domain.values.text_values import read_text
from support.loaded_models import dtypes, load_saved, own_answers, sent

catboost = pytest.importorskip("catboost", reason="200 MB: make test-boosters installs it")

ROWS = 160
RANDOM = np.random.default_rng(0)
DRAWN = RANDOM.integers(1, 6, ROWS)
NUMBERS = RANDOM.normal(size=ROWS).round(3)


def _fitted(categories: Any, **options: Any) -> tuple[Any, pd.DataFrame]:
    frame = pd.DataFrame({"kind": categories, "n": NUMBERS})
    settings = {"iterations": 8, "verbose": 0, "thread_count": 1, "allow_writing_files": False}
    model = catboost.CatBoostClassifier(**settings, cat_features=["kind"], **options)
    return model.fit(frame, ((DRAWN > 3) ^ (NUMBERS > 0.8)).astype(int)), frame


WHOLE_NUMBERS = {
    "integers": (DRAWN * 10, {}),
    "two integers": (np.where(DRAWN > 3, 2, 1), {}),
    "integers that are compared one by one": (DRAWN - 2, {"one_hot_max_size": 10}),
    "long integers": (DRAWN + 98120, {}),
    "bools": (DRAWN > 3, {}),
    "a pandas category of integers": (pd.Categorical(DRAWN), {}),
    "a pandas category of bools": (pd.Categorical(DRAWN > 3), {}),
}


@pytest.mark.parametrize("name", WHOLE_NUMBERS)
def test_categories_of_numbers_are_taken_as_numbers_and_from_csv(name: str, tmp_path: Path) -> None:
    categories, options = WHOLE_NUMBERS[name]
    model, frame = _fitted(categories, **options)
    predictor = load_saved(model, tmp_path)
    feature = predictor.info.signature.features[0]
    kinds = frame["kind"].astype(object).tolist()[:20]
    right = own_answers(model, frame[:20])

    assert feature.dtype == "int64"
    for values in ([read_value(feature, kind) for kind in kinds], [read_text(feature, str(kind)) for kind in kinds]):
        assert sent(predictor, *({"kind": kind, "n": n} for kind, n in zip(values, NUMBERS, strict=False))) == right


def test_examples_of_a_category_are_those_of_training(tmp_path: Path) -> None:
    model, _ = _fitted(DRAWN * 10)

    assert load_saved(model, tmp_path).info.signature.features[0].values == (10, 20, 30, 40, 50)


TEXTS = {
    "letters": np.array(list("abcdef"))[DRAWN],
    "digits with zeros in front": np.array([f"{kind:03}" for kind in DRAWN]),
    "integers beside a text": np.where(DRAWN == 5, "nan", DRAWN.astype(str)),
    "True and False as texts": np.where(DRAWN > 3, "True", "False"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_other_categories_are_texts(name: str, tmp_path: Path) -> None:
    model, frame = _fitted(TEXTS[name].astype(object))
    predictor = load_saved(model, tmp_path)

    assert dtypes(predictor.info.signature)["kind"] == "string"
    assert sent(predictor, *frame[:20].to_dict("records")) == own_answers(model, frame[:20])


def test_a_sidecar_makes_texts_of_digits(tmp_path: Path) -> None:
    model, frame = _fitted((DRAWN * 10).astype(str).astype(object))
    predictor = load_saved(model, tmp_path, '[[features]]\nname = "kind"\ndtype = "string"\n')

    assert sent(predictor, *frame[:9].to_dict("records")) == own_answers(model, frame[:9])
