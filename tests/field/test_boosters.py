"""Boosters of LightGBM, XGBoost and CatBoost are given the categories, types and matrices they were fitted on."""

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from foreseen.domain.errors import InvalidBatchError
from support.loaded_models import dtypes, load_saved, own_answers, sent

RANDOM = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "area": RANDOM.random(200),
        "zone": pd.Categorical(RANDOM.choice([10, 20, 30], 200)),
        "kind": pd.Categorical(RANDOM.choice(["flat", "house", "shed"], 200)),
        "rooms": RANDOM.integers(1, 6, 200),
        "is_new": RANDOM.random(200) > 0.5,
    }
)
SOLD = ((FRAME["zone"].astype(int) == 20) | (FRAME["kind"] == "flat")).astype(int)
NUMBERS = FRAME[["area", "rooms"]].to_numpy()
HOUSE = {"area": 0.5, "zone": 20, "kind": "house", "rooms": 3, "is_new": True}


def _rows(**changed: Any) -> pd.DataFrame:
    """Return the house as a frame with the categories of training."""
    row = pd.DataFrame([HOUSE | changed])
    return row.astype({"zone": FRAME["zone"].dtype, "kind": FRAME["kind"].dtype})


class TestLightGBM:
    @pytest.fixture
    def library(self) -> Any:
        return import_module("lightgbm")

    def _classifier(self, library: Any) -> Any:
        return library.LGBMClassifier(n_estimators=5, verbose=-1, min_child_samples=1)

    @pytest.mark.parametrize("around", ["none", "pipeline", "search"])
    def test_pandas_categories_have_the_codes_of_training(self, library: Any, around: str, tmp_path: Path) -> None:
        wrap = {"none": lambda model: model, "pipeline": make_pipeline, "search": lambda m: GridSearchCV(m, {}, cv=2)}
        model = wrap[around](self._classifier(library)).fit(FRAME, SOLD)
        predictor = load_saved(model, tmp_path)

        assert dtypes(predictor.info.signature)["zone"] == "int64"
        assert dtypes(predictor.info.signature)["kind"] == "string"
        assert sent(predictor, HOUSE, HOUSE | {"zone": 30}) == own_answers(model, pd.concat([_rows(), _rows(zone=30)]))

    def test_an_unseen_and_a_missing_category_are_answered_apart(self, library: Any, tmp_path: Path) -> None:
        model = self._classifier(library).fit(FRAME, SOLD)

        assert sent(load_saved(model, tmp_path), HOUSE | {"kind": "tent"}, HOUSE | {"kind": None}) == own_answers(
            model, pd.concat([_rows(kind=None), _rows(kind=None)])
        )

    def test_a_raw_booster_has_its_codes_too(self, library: Any, tmp_path: Path) -> None:
        options = {"objective": "binary", "verbose": -1, "min_data_in_leaf": 1}
        model = library.train(options, library.Dataset(FRAME, SOLD), 5)
        predictor = load_saved(model, tmp_path)
        zones = [10, 20, 30]

        got = [of_two[1] for of_two in sent(predictor, *(HOUSE | {"zone": zone} for zone in zones))]

        assert got == model.predict(pd.concat([_rows(zone=zone) for zone in zones])).tolist()
        assert len(set(got)) > 1

    def test_numbers_may_be_missing(self, library: Any, tmp_path: Path) -> None:
        model = self._classifier(library).fit(NUMBERS, SOLD)
        predictor = load_saved(model, tmp_path)

        assert predictor.info.signature.names == ("x0", "x1")
        assert sent(predictor, {"x0": None, "x1": 2}) == own_answers(model, np.array([[np.nan, 2]]))


class TestXGBoost:
    @pytest.fixture
    def library(self) -> Any:
        return import_module("xgboost")

    def test_categories_integers_and_bools_are_those_of_training(self, library: Any, tmp_path: Path) -> None:
        model = library.XGBClassifier(n_estimators=5, enable_categorical=True).fit(FRAME, SOLD)
        predictor = load_saved(model, tmp_path)

        assert dtypes(predictor.info.signature) == {
            "area": "float64", "zone": "int64", "kind": "string", "rooms": "int64", "is_new": "bool",
        }  # fmt: skip
        assert sent(predictor, HOUSE, HOUSE | {"zone": 30}) == own_answers(model, pd.concat([_rows(), _rows(zone=30)]))

    def test_a_category_it_never_saw_is_rejected(self, library: Any, tmp_path: Path) -> None:
        model = library.XGBClassifier(n_estimators=5, enable_categorical=True).fit(FRAME, SOLD)

        with pytest.raises(InvalidBatchError, match="expected one of 'flat', 'house', 'shed', got 'tent'"):
            sent(load_saved(model, tmp_path), HOUSE | {"kind": "tent"})

    @pytest.mark.parametrize("table", ["frame", "array"])
    def test_a_raw_booster_is_given_its_own_matrix(self, library: Any, table: str, tmp_path: Path) -> None:
        trained, row = (FRAME, _rows()) if table == "frame" else (NUMBERS, np.array([[0.5, 3]]))
        data = library.DMatrix(trained, label=SOLD, enable_categorical=True)
        model = library.train({"objective": "binary:logistic"}, data, 5)
        instance = HOUSE if table == "frame" else {"x0": 0.5, "x1": 3}

        ((_, got),) = sent(load_saved(model, tmp_path), instance)

        assert np.float32(got) == model.predict(library.DMatrix(row, enable_categorical=True))[0]

    def test_numbers_may_be_missing(self, library: Any, tmp_path: Path) -> None:
        model = library.XGBClassifier(n_estimators=5).fit(NUMBERS, SOLD)

        assert sent(load_saved(model, tmp_path), {"x0": None, "x1": 2}) == own_answers(model, np.array([[np.nan, 2]]))


class TestCatBoost:
    @pytest.fixture
    def library(self) -> Any:
        return pytest.importorskip("catboost", reason="200 MB: make test-boosters installs it")

    def _classifier(self, library: Any, **options: Any) -> Any:
        return library.CatBoostClassifier(iterations=5, verbose=0, allow_writing_files=False, **options)

    def test_categories_are_texts_and_numbers_may_be_missing(self, library: Any, tmp_path: Path) -> None:
        frame = FRAME[["area", "kind"]].astype({"kind": object})
        model = self._classifier(library, cat_features=["kind"]).fit(frame, SOLD)
        predictor = load_saved(model, tmp_path)

        assert dtypes(predictor.info.signature) == {"area": "float64", "kind": "string"}
        rows = pd.DataFrame({"area": [0.5, np.nan], "kind": ["flat", "tent"]})
        assert sent(predictor, {"area": 0.5, "kind": "flat"}, {"area": None, "kind": "tent"}) == own_answers(
            model, rows
        )

    def test_a_sidecar_makes_integers_of_categories(self, library: Any, tmp_path: Path) -> None:
        frame = FRAME[["area", "zone"]].astype({"zone": int})
        model = self._classifier(library, cat_features=["zone"]).fit(frame, SOLD)
        predictor = load_saved(model, tmp_path, '[[features]]\nname = "zone"\ndtype = "int64"\n')

        assert sent(predictor, {"area": 0.5, "zone": 20}) == own_answers(
            model, pd.DataFrame({"area": [0.5], "zone": [20]})
        )

    def test_a_model_fitted_on_an_array_has_as_many_features(self, library: Any, tmp_path: Path) -> None:
        model = library.CatBoost({"iterations": 5, "verbose": 0, "allow_writing_files": False}).fit(NUMBERS, SOLD)
        predictor = load_saved(model, tmp_path, proba=False)

        assert sent(predictor, {"x0": 0.5, "x1": 3}) == model.predict(np.array([[0.5, 3]])).tolist()
