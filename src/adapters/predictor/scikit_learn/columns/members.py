"""Members: the fitted estimators that an estimator hands its columns to as they are."""

from typing import Any, Final

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

from foreseen.adapters.predictor.scikit_learn.columns.part_readers import says_what_it_wants

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
"""Where a search, a threshold, a transformed target or a frozen estimator keeps the one that it is around."""


def members_of(estimator: Any) -> list[Any]:
    """Return the fitted estimators that an estimator hands its columns to as they are."""
    if isinstance(estimator, FeatureUnion):
        return [part for _, part in estimator.transformer_list if not isinstance(part, str)]
    if isinstance(estimator, CalibratedClassifierCV):
        return [calibrated.estimator for calibrated in getattr(estimator, "calibrated_classifiers_", ())]
    if isinstance(estimator, _PARALLEL + BAGGING):
        return [member for member in getattr(estimator, "estimators_", ()) if not isinstance(member, str)]
    # Own code may do anything before; what has members keeps a template of them beside, which was never fitted.
    if not says_what_it_wants(estimator) or hasattr(estimator, "estimators_"):
        return []
    found = [getattr(estimator, name) for name in _WRAPPED if hasattr(getattr(estimator, name, None), "predict")]
    return found[:1]
