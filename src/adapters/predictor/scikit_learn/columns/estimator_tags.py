"""Tags of an estimator, for every scikit-learn from 1.4 on."""

from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

EstimatorKind = Literal["classification", "regression"]


def allows_missing(estimator: object) -> bool:
    """Return whether an estimator's tags say that it accepts missing values."""
    try:
        from sklearn.utils import get_tags  # noqa: PLC0415 - imported with the estimator
    except ImportError:  # before 1.6 tags were a dict
        from sklearn.utils._tags import _safe_tags  # noqa: PLC0415 - as above

        return bool(_safe_tags(estimator, key="allow_nan"))
    return bool(get_tags(estimator).input_tags.allow_nan)


def estimator_kind(estimator: object) -> EstimatorKind | None:
    """Return an estimator's kind by its tags; None if they name neither."""
    try:
        named = cast("BaseEstimator", estimator).__sklearn_tags__().estimator_type
    except AttributeError:  # as before 1.6, where XGBoost has the method and raises this
        named = getattr(estimator, "_estimator_type", None)
    return _KINDS.get(named)


_KINDS: dict[object, EstimatorKind] = {"classifier": "classification", "regressor": "regression"}
