"""An engine that differs anywhere is refused: one leaf, one threshold, one tree, the link."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from foreseen.adapters.predictor.engines.known_families import build_engine
from foreseen.adapters.predictor.engines.tree_engine import TreeEngine
from foreseen.adapters.predictor.engines.verification import VERIFIED, BitsDifferError, verify
from support.tree_models import tree_model

FORESTS = ["forest of texts", "forest with gaps", "extra trees", "forest regressor"]
GRADIENTS = ["gradient of two classes", "gradient of nine classes"]
HISTOGRAMS = ["histograms of two classes", "histograms of nine classes", "histograms of a logarithm"]


def mutated(name: str, change: Callable[[Any], None]) -> TreeEngine:
    """Return the engine of a copy of a model that was changed."""
    model = deepcopy(tree_model(name))
    change(model)
    return build_engine(model)


def assert_refused(engine: TreeEngine, name: str) -> None:
    """Make sure that an engine is not used for a model."""
    with pytest.raises(BitsDifferError):
        verify(engine, tree_model(name), engine.methods, VERIFIED)


def trees_of(model: Any) -> list[DecisionTreeClassifier | DecisionTreeRegressor]:
    """Return the trees of a forest or of gradient boosting."""
    return list(np.ravel(model.estimators_))


def change_a_leaf(model: Any) -> None:
    tree = trees_of(model)[3].tree_
    leaf = int(np.flatnonzero(tree.children_left < 0)[-1])
    tree.value[leaf, 0, 0] = np.nextafter(tree.value[leaf, 0, 0] + 0.25, 9.0)


def move_a_threshold(model: Any) -> None:
    tree = trees_of(model)[3].tree_
    split = int(np.flatnonzero((tree.children_left >= 0) & np.isfinite(tree.threshold))[-1])
    tree.threshold[split] = np.nextafter(np.float32(tree.threshold[split]), np.float32(np.inf))


def change_a_histogram_leaf(model: Any) -> None:
    nodes = vars(model)["_predictors"][3][0].nodes
    leaf = int(np.flatnonzero(nodes["is_leaf"])[-1])
    nodes["value"][leaf] *= 1.000001


def move_a_histogram_threshold(model: Any) -> None:
    nodes = vars(model)["_predictors"][3][0].nodes
    split = int(np.flatnonzero(nodes["is_leaf"] == 0)[-1])
    nodes["num_threshold"][split] = np.nextafter(nodes["num_threshold"][split], np.inf)


@pytest.mark.parametrize("name", FORESTS + GRADIENTS)
def test_one_other_leaf_is_found(name: str) -> None:
    assert_refused(mutated(name, change_a_leaf), name)


@pytest.mark.parametrize("name", FORESTS + GRADIENTS)
def test_one_threshold_moved_by_one_ulp_is_found(name: str) -> None:
    assert_refused(mutated(name, move_a_threshold), name)


@pytest.mark.parametrize("name", HISTOGRAMS)
def test_one_other_leaf_of_histograms_is_found(name: str) -> None:
    assert_refused(mutated(name, change_a_histogram_leaf), name)


@pytest.mark.parametrize("name", HISTOGRAMS)
def test_one_threshold_of_histograms_moved_by_one_ulp_is_found(name: str) -> None:
    assert_refused(mutated(name, move_a_histogram_threshold), name)


@pytest.mark.parametrize("name", FORESTS)
def test_one_missing_tree_is_found(name: str) -> None:
    assert_refused(mutated(name, lambda model: model.estimators_.pop()), name)


def test_one_missing_stage_is_found() -> None:
    name = "gradient of two classes"

    assert_refused(mutated(name, lambda model: setattr(model, "estimators_", model.estimators_[:-1])), name)


def test_one_missing_iteration_is_found() -> None:
    name = "histograms of nine classes"

    assert_refused(mutated(name, lambda model: vars(model)["_predictors"].pop()), name)


@pytest.mark.parametrize(
    ("name", "method", "link"),
    [
        ("histograms of a logarithm", "predict", lambda scores, _: scores.ravel()),
        ("gradient of two classes", "predict_proba", lambda scores, _: np.column_stack([1 - scores, scores])),
        ("lightgbm of three classes", "predict_proba", lambda scores, _: np.exp(np.log(scores))),
    ],
)
def test_another_link_is_found(name: str, method: str, link: Callable[..., object]) -> None:
    engine = build_engine(tree_model(name))
    engine.links = {**engine.links, method: link}

    assert_refused(engine, name)


def test_a_difference_names_the_output_and_the_row() -> None:
    name = "forest of texts"
    engine = mutated(name, change_a_leaf)

    with pytest.raises(BitsDifferError, match=r"predict_proba differs for \[.*\]"):
        verify(engine, tree_model(name), ["predict_proba"], VERIFIED)
