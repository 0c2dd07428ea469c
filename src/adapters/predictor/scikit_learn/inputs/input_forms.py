"""Input forms: what a model may take, the most plausible first, judged by its first part and how it was fitted."""

import sys
from collections.abc import Sequence

from foreseen.adapters.predictor.scikit_learn.columns.first_part import first_part, is_dict_part, is_text_part
from foreseen.adapters.predictor.scikit_learn.inputs.polars_code import uses_polars
from foreseen.domain.model.model_input import Takes
from foreseen.domain.values.signature import Feature


def plausible_forms(model: object, features: Sequence[Feature], *, has_names: bool) -> tuple[Takes, ...]:
    """Return the forms to try.

    Args:
        has_names: whether the model knows its columns by name.
    """
    forms = _likely_forms(model, features, has_names=has_names)
    # Some versions of scikit-learn see no names in a frame of polars, as if it were an array.
    return (*forms, "polars") if {"frame", "array"} & set(forms) and uses_polars(model) else forms


def _likely_forms(model: object, features: Sequence[Feature], *, has_names: bool) -> tuple[Takes, ...]:
    first = first_part(model)
    if is_text_part(first):
        return ("texts",)
    if is_dict_part(first):
        return ("dicts",)
    if not hasattr(model, "n_features_in_") and len(features) == 1 and features[0].shape:
        return "tensor", "array"
    if has_names:
        return ("frame",) if _is_of_a_library(model) else ("frame", "array", "dicts")
    if _is_of_a_library(model) and getattr(model, "n_features_in_", None) is not None:
        return ("array",)
    return _of_own_code(model, features)


def _of_own_code(model: object, features: Sequence[Feature]) -> tuple[Takes, ...]:
    """Return the forms of a model that reveals nothing: each is tried."""
    is_one_text = len(features) == 1 and features[0].dtype == "string"
    # Texts before an array: a model of texts may answer an array of single texts as well, but differently.
    others: tuple[Takes, ...] = ("texts", "array") if is_one_text else ("array",)
    return ("frame", *others, "dicts") if _is_searched_by_name(model) else (*others, "frame", "dicts")


def _is_searched_by_name(model: object) -> bool:
    """Return whether a step was fitted on a frame: most likely, so were the steps before it."""
    steps = getattr(model, "steps", ())
    return any(getattr(step, "feature_names_in_", None) is not None for _, step in steps)


def _is_of_a_library(model: object) -> bool:
    top = type(model).__module__.partition(".")[0]
    return top in ("sklearn", "lightgbm", "xgboost", "catboost") and top in sys.modules
