"""Tags: what an estimator says of itself, in the words of every scikit-learn from 1.4 on."""

from typing import Any, Literal

EstimatorKind = Literal["classification", "regression"]


def allows_missing(estimator: Any) -> bool:
    """Return whether an estimator says that it takes missing values."""
    try:
        from sklearn.utils import get_tags  # noqa: PLC0415 - there since the estimator was loaded
    except ImportError:  # before 1.6 tags were a dict
        from sklearn.utils._tags import _safe_tags  # noqa: PLC0415 - as above

        return bool(_safe_tags(estimator, key="allow_nan"))
    return bool(get_tags(estimator).input_tags.allow_nan)


def estimator_kind(estimator: Any) -> EstimatorKind | None:
    """Return whether an estimator says that it classifies or that it regresses, None where it says neither."""
    try:
        named = estimator.__sklearn_tags__().estimator_type
    except AttributeError:  # as before 1.6, under which XGBoost raises it too
        named = getattr(estimator, "_estimator_type", None)
    return _KINDS.get(named)


_KINDS: dict[Any, EstimatorKind] = {"classifier": "classification", "regressor": "regression"}
