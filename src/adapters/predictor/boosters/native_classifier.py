"""NativeClassifier: a Booster of LightGBM or XGBoost that was trained to tell classes apart, as a classifier.

A Booster returns probabilities from `predict`; which label each belongs to is not in it.
"""

import json
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias, cast

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import lightgbm
    import xgboost

Label: TypeAlias = str | int | float | bool
Probabilities: TypeAlias = npt.NDArray[np.float64]

_OF_TWO: Final = frozenset({"binary", "binary:logistic"})
_OF_MANY: Final = frozenset({"multiclass", "multiclassova", "multi:softprob", "multi:softmax"})


class Booster(Protocol):
    """What LightGBM's and XGBoost's Boosters have in common."""

    def predict(self, rows: object, /) -> Probabilities:
        """Return the probability of the second class, shape (n,), or of each class, shape (n, classes)."""


class NativeClassifier:
    """A Booster with the methods of a classifier.

    Attributes:
        booster: of LightGBM or XGBoost; its `predict` returns the probability of the second class, or of each class.
        classes_: the labels, in the order of their numbers.
    """

    def __init__(self, booster: Booster, classes: Sequence[Label]) -> None:
        """Accept the Booster, and as many labels as it has classes."""
        self.booster = booster
        self.classes_ = np.asarray(classes)

    def predict(self, rows: object) -> npt.NDArray[np.generic]:
        """Return the label of the most probable class of each row."""
        labels: npt.NDArray[np.generic] = self.classes_[self.predict_proba(rows).argmax(axis=1)]
        return labels

    def predict_proba(self, rows: object) -> Probabilities:
        """Return the probability of each class, shape (n, classes)."""
        found = self.booster.predict(rows)
        if found.ndim > 1:
            return found
        return np.vstack((1 - found, found)).transpose()


def declared_labels(model: object) -> dict[str, bytes]:
    """Return the labels of a NativeClassifier for its fingerprint, since they are not in its file; else nothing.

    They are under a name that no module can have: the source of an own module `labels` counts beside them.
    """
    if not isinstance(model, NativeClassifier):
        return {}
    return {"labels of the classes": json.dumps(model.classes_.tolist()).encode()}


def booster_of(model: object) -> object:
    """Return the Booster in a NativeClassifier; any other model as it is."""
    return model.booster if isinstance(model, NativeClassifier) else model


def by_objective(model: object, declared: Callable[[], Sequence[Label] | None]) -> object:
    """Return a Booster as a classifier if that is what it was trained to be; any other model as it is.

    Args:
        declared: returns the labels of its classes; None for their numbers.
    Raises:
        ValueError: it has more or fewer classes than labels.
    """
    n_classes = 0
    if _is_booster_of(model, "lightgbm"):
        n_classes = _classes_of_lightgbm(cast("lightgbm.Booster", model))
    elif _is_booster_of(model, "xgboost"):
        n_classes = _classes_of_xgboost(cast("xgboost.Booster", model))
    if not n_classes:
        return model
    labels = declared()
    if labels is not None and len(labels) != n_classes:
        raise ValueError(f"classes: expected {n_classes}, as many as the model has, got {len(labels)}")
    return NativeClassifier(cast("Booster", model), labels or range(n_classes))


def _is_booster_of(model: object, library: str) -> bool:
    kind = type(model)
    return kind.__name__ == "Booster" and kind.__module__.partition(".")[0] == library


def _classes_of_lightgbm(booster: "lightgbm.Booster") -> int:
    """Return the number of classes; 0 if it was trained for something else, such as by a function."""
    header = booster.model_to_string(num_iteration=1)
    objective = re.search(r"^objective=(\w+)", header, re.MULTILINE)
    return _number_of_classes(objective[1] if objective else "", booster.num_model_per_iteration())


def _classes_of_xgboost(booster: "xgboost.Booster") -> int:
    """Return the number of classes; 0 if it was trained for something else. It returns probabilities from now on."""
    learner = json.loads(booster.save_config())["learner"]
    objective = learner["objective"]["name"]
    if objective == "multi:softmax":  # which differs from it only in that it returns the class
        booster.set_param({"objective": "multi:softprob"})
    if objective == "binary:logistic" and int(learner["learner_model_param"].get("num_target", 1)) > 1:
        return 0  # several answers a row
    return _number_of_classes(objective, int(learner["learner_model_param"]["num_class"]))


def _number_of_classes(objective: str, declared: int) -> int:
    if objective in _OF_TWO:
        return 2
    return declared if objective in _OF_MANY else 0
