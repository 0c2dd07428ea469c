"""The engine of scikit-learn's random forests and extra trees."""

from collections.abc import Iterable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Final, cast

import numpy as np

from foreseen.adapters.predictor.engines.tree_engine import (
    NoEngineError,
    Rows,
    Scores,
    TreeEngine,
    TreeShape,
    require_room,
)

if TYPE_CHECKING:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

_PARTS: Final = (
    "node_count", "children_left", "children_right", "feature", "threshold", "value", "missing_go_to_left",
    "n_node_samples", "weighted_n_node_samples", "impurity",
)  # fmt: skip
"""What treelite reads of scikit-learn's trees."""


def forest_engine(model: object) -> TreeEngine:
    """Return the engine of a fitted forest; raise NoEngineError if a tree is not scikit-learn's own."""
    from treelite import gtil  # noqa: PLC0415 - only tree models need it
    from treelite.sklearn import import_model  # noqa: PLC0415 - as above

    forest = cast("RandomForestClassifier | RandomForestRegressor", model)
    require_library_trees(forest.estimators_)
    shapes = require_room([shape_of(tree.tree_) for tree in forest.estimators_])
    trees = import_model(_regressor(forest))
    return TreeEngine(
        lambda rows: gtil.predict(trees, rows, nthread=1),
        _Classes(forest).answers if hasattr(forest, "classes_") else {"predict": _means},
        dtype=np.float32,
        trees=shapes,
    )


def _regressor(forest: "RandomForestClassifier | RandomForestRegressor") -> object:
    """Return a regressor that gives each class of each output as an output of its own.

    Of classifiers, treelite divides the values of each leaf by their sum, which is not always 1 to the last bit.
    """
    from sklearn.ensemble import RandomForestRegressor  # noqa: PLC0415 - imported with the model

    grown = [tree.tree_ for tree in forest.estimators_]
    regressor = RandomForestRegressor(n_estimators=len(grown))
    regressor.n_features_in_ = forest.n_features_in_
    regressor.n_outputs_ = grown[0].value[0].size
    regressor.estimators_ = [SimpleNamespace(tree_=_with_flat_values(tree)) for tree in grown]
    return regressor


def _with_flat_values(tree: object) -> object:
    parts = {name: getattr(tree, name) for name in _PARTS}
    return SimpleNamespace(**parts | {"value": parts["value"].reshape(parts["node_count"], -1, 1)})


def stand_in(model: object, **attributes: object) -> object:
    """Return a shallow copy of a model with some attributes replaced."""
    stand_in = object.__new__(type(model))
    stand_in.__dict__ = {**model.__dict__, **attributes}
    return stand_in


def require_library_trees(trees: Iterable[object]) -> None:
    """Raise NoEngineError unless all trees are of scikit-learn's own classes and have their own `predict`."""
    for tree in trees:
        if type(tree).__module__ != "sklearn.tree._classes" or "predict" in vars(tree):
            raise NoEngineError(f"a tree is of {type(tree).__qualname__}")


def shape_of(tree: object) -> TreeShape:
    """Return the nodes of one of scikit-learn's trees."""
    left, right, feature, threshold = (
        getattr(tree, name) for name in ("children_left", "children_right", "feature", "threshold")
    )
    return TreeShape(left, right, feature, threshold)


def _means(scores: Scores, _: Rows) -> object:
    means = scores[:, :, 0]
    return means[:, 0] if means.shape[1] == 1 else means


class _Classes:
    """The answers of a classifier, of one output or several."""

    def __init__(self, forest: "RandomForestClassifier") -> None:
        self._is_single = forest.n_outputs_ == 1
        self._classes = [forest.classes_] if self._is_single else forest.classes_
        self.answers = {"predict": self._predict, "predict_proba": self._predict_proba}

    def _predict_proba(self, scores: Scores, _: Rows) -> object:
        parts = self._parts(scores)
        return parts[0] if self._is_single else parts

    def _predict(self, scores: Scores, _: Rows) -> object:
        chosen = [
            classes.take(part.argmax(axis=1)) for classes, part in zip(self._classes, self._parts(scores), strict=True)
        ]
        return chosen[0] if self._is_single else np.column_stack(chosen).astype(self._classes[0].dtype, copy=False)

    def _parts(self, scores: Scores) -> list[Scores]:
        shaped = scores.reshape(len(scores), len(self._classes), -1)
        return [shaped[:, place, : len(classes)] for place, classes in enumerate(self._classes)]
