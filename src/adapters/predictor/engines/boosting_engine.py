"""The engines of scikit-learn's gradient boosting: raw scores by treelite, answers from them by the library."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, cast

import numpy as np

from foreseen.adapters.predictor.engines.forest_engine import require_library_trees, shape_of, stand_in
from foreseen.adapters.predictor.engines.tree_engine import (
    NoEngineError,
    Rows,
    Scores,
    TreeEngine,
    TreeShape,
    require_room,
)

if TYPE_CHECKING:
    from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier

Answer = Callable[[Scores, Rows], object]

_METHODS: Final = ("predict", "predict_proba", "decision_function")

_LEAST_ROWS: Final = 2
"""The library rounds the answer to a single row otherwise if there are eight classes or more."""


def histogram_engine(model: object) -> TreeEngine:
    """Return the engine of a fitted HistGradientBoosting model; raise NoEngineError if it splits by categories."""
    from treelite import gtil  # noqa: PLC0415 - only tree models need it
    from treelite.sklearn import import_model  # noqa: PLC0415 - as above

    boosting = cast("HistGradientBoostingClassifier", model)
    if boosting.is_categorical_ is not None and any(boosting.is_categorical_):
        raise NoEngineError("it has categorical features")
    grown = [tree for stage in boosting._predictors for tree in stage]  # noqa: SLF001 - compared at load
    shapes = require_room([_histogram_shape(tree.nodes) for tree in grown])
    trees = import_model(boosting)
    values = np.concatenate([tree.nodes["value"] for tree in grown])
    starts = np.cumsum([0, *(len(tree.nodes) for tree in grown[:-1])])
    baseline = np.ravel(boosting._baseline_prediction)  # noqa: SLF001 - as above

    def walk(rows: Rows) -> Scores:
        leaves = gtil.predict_leaf(trees, rows, nthread=1).astype(np.int64)
        return np.asfortranarray(_summed(baseline, values[leaves + starts]))

    return TreeEngine(
        walk,
        _histogram_answers(boosting),
        dtype=np.float64,
        trees=shapes,
        least_rows=_LEAST_ROWS,
    )


def gradient_engine(model: object) -> TreeEngine:
    """Return the engine of a fitted GradientBoosting model; raise NoEngineError if it begins with another model."""
    from treelite import gtil  # noqa: PLC0415 - only tree models need it
    from treelite.sklearn import import_model  # noqa: PLC0415 - as above

    boosting = cast("GradientBoostingClassifier", model)
    grown = list(np.ravel(boosting.estimators_))
    require_library_trees(grown)
    if type(boosting.init_).__module__ not in {"builtins", "sklearn.dummy"}:
        raise NoEngineError(f"it begins with {type(boosting.init_).__qualname__}")
    if getattr(boosting.init_, "strategy", None) == "stratified":
        raise NoEngineError("it begins with random labels")
    shapes = require_room([shape_of(tree.tree_) for tree in grown])
    trees = import_model(stand_in(boosting, n_estimators=len(boosting.estimators_), init_="zero"))
    nothing = np.zeros((1, boosting.n_features_in_), dtype=np.float32)
    first = np.ravel(boosting._raw_predict_init(nothing))  # noqa: SLF001 - compared at load

    def walk(rows: Rows) -> Scores:
        return np.ascontiguousarray(_summed(first, gtil.predict_per_tree(trees, rows, nthread=1)[:, :, 0]))

    return TreeEngine(
        walk,
        _gradient_answers(boosting),
        dtype=np.float32,
        trees=shapes,
        least_rows=_LEAST_ROWS,
    )


def _summed(first: Scores, values: Scores) -> Scores:
    """Add up the values of trees in their order, as the libraries do, behind what they begin with.

    Args:
        first: shape (scores,).
        values: shape (n, trees), those of the first stage before those of the second.
    """
    n, scores = len(values), len(first)
    terms = np.empty((n, values.shape[1] // scores + 1, scores))
    terms[:, 0] = first
    terms[:, 1:] = values.reshape(n, -1, scores)
    return np.add.accumulate(terms, axis=1)[:, -1]


def _histogram_answers(model: object) -> dict[str, Answer]:
    """Return the library's own methods, which are given the raw scores in place of rows."""
    return {method: _linked(model, method, "_raw_predict") for method in _METHODS if hasattr(model, method)}


def _gradient_answers(model: object) -> dict[str, Answer]:
    """Return what the library's methods answer; those of a classifier begin with its decision function."""
    if not hasattr(model, "classes_"):
        return {"predict": _decision}
    links = {method: _linked(model, method, "decision_function") for method in _METHODS[:2] if hasattr(model, method)}
    return {"decision_function": _decision, **links}


def _decision(scores: Scores, _: Rows) -> Scores:
    return scores.ravel() if scores.shape[1] == 1 else scores


def _linked(model: object, method: str, begin: str) -> Answer:
    """Return a method of the library's that is given the result of the one that it begins with."""

    def answer(scores: Scores, rows: Rows) -> object:
        known = scores if begin == "_raw_predict" else _decision(scores, rows)
        return getattr(stand_in(model, **{begin: lambda *_, **__: known}), method)(rows)

    return answer


def _histogram_shape(nodes: "np.ndarray[tuple[int], np.dtype[np.void]]") -> TreeShape:
    is_leaf = nodes["is_leaf"].astype(bool)
    left, right = (np.where(is_leaf, -1, nodes[name].astype(np.int64)) for name in ("left", "right"))
    return TreeShape(left, right, nodes["feature_idx"].astype(np.int64), nodes["num_threshold"])
