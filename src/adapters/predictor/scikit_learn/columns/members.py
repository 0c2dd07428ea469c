"""Members: the fitted estimators that an estimator passes its columns to unchanged."""

from typing import Final

from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, MultiOutputRegressor, RegressorChain
from sklearn.pipeline import FeatureUnion

from foreseen.adapters.predictor.scikit_learn.columns.part_readers import is_of_known_library

_PARALLEL = (
    ClassifierChain,
    RegressorChain,
    MultiOutputClassifier,
    MultiOutputRegressor,
    OneVsOneClassifier,
    OneVsRestClassifier,
    OutputCodeClassifier,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
BAGGING: Final = (BaggingClassifier, BaggingRegressor)
_WRAPPED = ("best_estimator_", "estimator_", "regressor_", "estimator")
"""Where a search, a threshold, a transformed target or a frozen estimator keeps the estimator that it wraps."""


def members_of(estimator: object) -> list[object]:
    """Return the fitted estimators that an estimator passes its columns to unchanged."""
    if isinstance(estimator, FeatureUnion):
        return [part for _, part in estimator.transformer_list if not isinstance(part, str)]
    if isinstance(estimator, CalibratedClassifierCV):
        return [calibrated.estimator for calibrated in getattr(estimator, "calibrated_classifiers_", ())]
    if isinstance(estimator, _PARALLEL + BAGGING):
        return [member for member in getattr(estimator, "estimators_", ()) if not isinstance(member, str)]
    # A user's own code may change the columns first; beside its members, an ensemble keeps a template, never fitted.
    if not is_of_known_library(estimator) or hasattr(estimator, "estimators_"):
        return []
    found = [getattr(estimator, name) for name in _WRAPPED if hasattr(getattr(estimator, name, None), "predict")]
    return found[:1]
