"""Which models have an engine; for all others the library answers."""

import sys
from importlib.metadata import version
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xgboost
from lightgbm import LGBMClassifier
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
)
from sklearn.linear_model import LinearRegression

from foreseen.adapters.predictor.engines import known_families
from foreseen.adapters.predictor.engines.known_families import build_engine
from foreseen.adapters.predictor.engines.tree_engine import NoEngineError
from support.tree_models import DIABETES, FEW, IRIS, PROGRESS, QUIET, SPECIES, tree_model


class OwnForest(RandomForestClassifier):  # type: ignore[misc] # it has no types
    """A forest that answers in its own way."""

    def predict(self, rows: Any) -> Any:
        return super().predict(rows)[::-1]


def categories() -> pd.DataFrame:
    return pd.DataFrame({"size": IRIS[:, 0], "kind": pd.Categorical(np.arange(150) % 3)})


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (lambda: OwnForest(**FEW).fit(IRIS, SPECIES), "OwnForest is of no family"),
        (lambda: IsolationForest(**FEW).fit(IRIS), "IsolationForest is of no family"),
        (
            lambda: HistGradientBoostingClassifier(max_iter=2, categorical_features="from_dtype").fit(
                categories(), SPECIES
            ),
            "it has categorical features",
        ),
        (lambda: LGBMClassifier(**QUIET).fit(categories(), SPECIES), "it has categorical features"),
        (
            lambda: LGBMClassifier(linear_tree=True, **QUIET).fit(IRIS, SPECIES),
            "its trees are linear",
        ),
        (lambda: LGBMClassifier(zero_as_missing=True, **QUIET).fit(IRIS, SPECIES), "zeros are missing to it"),
        (lambda: LGBMClassifier(pred_early_stop=True, **QUIET).fit(IRIS, SPECIES), "it leaves out trees"),
        (
            lambda: GradientBoostingRegressor(init=LinearRegression(), **FEW).fit(DIABETES, PROGRESS),
            "it begins with LinearRegression",
        ),
        (
            lambda: GradientBoostingClassifier(init=DummyClassifier(strategy="stratified"), **FEW).fit(IRIS, SPECIES),
            "it begins with random labels",
        ),
    ],
    ids=[
        "subclass",
        "other family",
        "categories",
        "lightgbm categories",
        "linear trees",
        "zeros missing",
        "early stop",
        "begins with another",
        "begins at random",
    ],
)
def test_a_model_without_an_engine_says_why(model: Any, reason: str) -> None:
    with pytest.raises(NoEngineError, match=reason):
        build_engine(model())


@pytest.mark.parametrize("params", [{"pred_early_stop": True}, {"zero_as_missing": True}, {"linear_tree": True}])
def test_a_booster_without_an_engine_says_why(params: dict[str, Any]) -> None:
    booster = LGBMClassifier(**params, **QUIET).fit(IRIS, SPECIES).booster_

    with pytest.raises(NoEngineError, match=r"^(it leaves out trees|zeros are missing|its trees are linear)"):
        build_engine(booster)


def test_a_booster_of_another_library_has_no_engine() -> None:
    booster = xgboost.train({"nthread": 1}, xgboost.DMatrix(IRIS, SPECIES), 2)

    with pytest.raises(NoEngineError, match="Booster is of no family"):
        build_engine(booster)


def test_features_named_as_fields_of_trees_are_no_fields() -> None:
    named = pd.DataFrame(IRIS, columns=["num_leaves", "left_child", "threshold", "num_cat"])
    engine, unnamed = (build_engine(LGBMClassifier(**QUIET).fit(rows, SPECIES)) for rows in (named, IRIS))

    assert [tree.threshold.tolist() for tree in engine.trees] == [tree.threshold.tolist() for tree in unnamed.trees]


def test_a_class_whose_method_was_replaced_has_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tree_model("forest of texts")
    monkeypatch.setattr(RandomForestClassifier, "predict", lambda self, rows: np.zeros(len(rows)))

    with pytest.raises(NoEngineError, match="its predict was replaced"):
        build_engine(model)


@pytest.mark.parametrize(("library", "other"), [("scikit-learn", "2.0"), ("treelite", "4.9.0")])
def test_another_version_of_a_library_has_no_engine(library: str, other: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_families, "version", lambda name: other if name == library else version(name))

    with pytest.raises(NoEngineError, match=f"was not tried with {library} {other}"):
        build_engine(tree_model("forest of texts"))


def test_a_treelite_that_cannot_be_loaded_is_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(ModuleType):
        def __getattr__(self, name: str) -> Any:
            raise OSError("libtreelite.so: cannot open shared object file")

    monkeypatch.setitem(sys.modules, "treelite", Broken("treelite"))

    with pytest.raises(NoEngineError, match="treelite cannot be loaded here"):
        build_engine(tree_model("forest of texts"))


def test_a_machine_without_treelite_has_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "treelite", None)

    with pytest.raises(NoEngineError, match="treelite cannot be loaded here"):
        build_engine(tree_model("forest of texts"))
