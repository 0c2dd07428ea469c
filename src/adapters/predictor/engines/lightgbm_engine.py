"""The engine of LightGBM's estimators with scikit-learn's methods, and of its Boosters."""

import math
import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from foreseen.adapters.predictor.boosters.native_classifier import NativeClassifier, booster_of
from foreseen.adapters.predictor.engines.tree_engine import (
    NoEngineError,
    Rows,
    Scores,
    TreeEngine,
    TreeShape,
    require_room,
)

if TYPE_CHECKING:
    from lightgbm import Booster, LGBMClassifier

Classes: TypeAlias = npt.NDArray[np.generic]

_LEAVES_OUT_TREES: Final = "it leaves out trees where a score is large"
_ZERO: Final = float(np.float32(1e-35))
"""LightGBM takes numbers no farther from zero for zero; most of its trees have a threshold there."""


def lightgbm_engine(model: object) -> TreeEngine:
    """Return the engine of a fitted estimator; raise NoEngineError for what it does not compute, such as categories."""
    estimator = cast("LGBMClassifier", model)
    if estimator.get_params().get("pred_early_stop"):
        raise NoEngineError(_LEAVES_OUT_TREES)
    if callable(estimator.objective_):
        raise NoEngineError("its objective is a function")
    return _engine(estimator.booster_, estimator.classes_ if hasattr(estimator, "predict_proba") else None)


def booster_engine(model: object) -> TreeEngine:
    """Return the engine of a Booster, or of one that is a classifier; raise as `lightgbm_engine`."""
    booster = cast("Booster", booster_of(model))
    if booster.params.get("pred_early_stop"):
        raise NoEngineError(_LEAVES_OUT_TREES)
    return _engine(booster, model.classes_ if isinstance(model, NativeClassifier) else None)


def _engine(booster: "Booster", classes: "Classes | None") -> TreeEngine:
    from treelite import gtil  # noqa: PLC0415 - only tree models need it
    from treelite.frontend import from_lightgbm  # noqa: PLC0415 - as above

    text = booster.model_to_string()
    trees_text = text.partition("\nend of trees")[0]  # features are named behind it, which may be as fields of a tree
    if re.search(r"^num_cat=[1-9]", trees_text, re.MULTILINE):
        raise NoEngineError("it has categorical features")
    if re.search(r"^is_linear=1", trees_text, re.MULTILINE):
        raise NoEngineError("its trees are linear")
    if re.search(r"^\[zero_as_missing: 1\]", text, re.MULTILINE):
        raise NoEngineError("zeros are missing to it")
    shapes = require_room([_shape(part) for part in trees_text.split("\nTree=")[1:]])
    trees = from_lightgbm(_booster_of_text(trees_text))
    link = _own_link(text)

    def walk(rows: Rows) -> Scores:
        seen = np.where(np.abs(rows) <= _ZERO, 0.0, rows)
        scores = gtil.predict(trees, seen, nthread=1, pred_margin=link is not None)[:, 0]
        return scores if link is None else link(scores)

    return TreeEngine(
        walk,
        {"predict": _values} if classes is None else _Classes(classes).answers,
        dtype=np.float64,
        trees=shapes,
        takes_floats=True,
    )


def _booster_of_text(text: str) -> "Booster":
    """Return what treelite takes for a booster, and reads nothing of but this text."""
    import lightgbm  # noqa: PLC0415 - only its models need it

    booster = object.__new__(lightgbm.Booster)
    vars(booster)["model_to_string"] = lambda: text
    return booster


def _own_link(text: str) -> Callable[[Scores], Scores] | None:
    """Return LightGBM's link where treelite's has other bits; None where they are equal."""
    if re.search(r"^objective=multiclass ", text, re.MULTILINE):
        return _softmax
    sigmoid = re.search(r"^objective=(?:binary|multiclassova) .*?\bsigmoid:(\S+)", text, re.MULTILINE)
    if sigmoid and float(np.float32(sigmoid[1])) != float(sigmoid[1]):
        return partial(_logistic, steepness=float(sigmoid[1]))
    return None


def _softmax(scores: Scores) -> Scores:
    """Return probabilities as LightGBM computes them, where treelite uses float32."""
    powers = _exp(scores - scores.max(axis=1, keepdims=True))
    return powers / np.add.accumulate(powers, axis=1)[:, -1:]


def _logistic(scores: Scores, *, steepness: float) -> Scores:
    """Return probabilities as LightGBM computes them, where treelite rounds `sigmoid` to float32."""
    return 1.0 / (1.0 + _exp(-steepness * scores))


def _exp(numbers: Scores) -> Scores:
    """Return powers as the C library computes them, since numpy's differ in last bits."""
    return np.array(list(map(_power, numbers.ravel().tolist()))).reshape(numbers.shape)


def _power(exponent: float) -> float:
    try:
        return math.exp(exponent)
    except OverflowError:
        return math.inf


def _values(scores: Scores, _: Rows) -> object:
    return scores[:, 0]


class _Classes:
    """The answers of a classifier."""

    def __init__(self, classes: Classes) -> None:
        self._classes = classes
        self.answers = {"predict": self._predict, "predict_proba": self._predict_proba}

    def _predict(self, scores: Scores, rows: Rows) -> object:
        return self._classes[self._predict_proba(scores, rows).argmax(axis=1)]

    def _predict_proba(self, scores: Scores, _: Rows) -> Scores:
        if scores.shape[1] > 1:
            return scores
        second = scores[:, 0]
        return np.vstack((1.0 - second, second)).transpose()


def _shape(text: str) -> TreeShape:
    """Return the nodes of a tree from its text: splits first, then leaves."""
    fields = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    left, right, feature = (
        np.array(fields.get(name, "").split(), dtype=np.int64)
        for name in ("left_child", "right_child", "split_feature")
    )
    splits, leaves = len(left), int(fields["num_leaves"])
    none = np.full(leaves, -1)
    left, right = (np.where(children < 0, splits - 1 - children, children) for children in (left, right))
    threshold = np.array(fields.get("threshold", "").split(), dtype=np.float64)
    return TreeShape(
        np.concatenate([left, none]),
        np.concatenate([right, none]),
        np.concatenate([feature, none]),
        np.concatenate([threshold, np.zeros(leaves)]),
    )
