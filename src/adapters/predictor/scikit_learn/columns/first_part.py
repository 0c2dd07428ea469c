"""The part of a model that receives its input, which may take texts or dicts instead of a table."""

import sys
from typing import TYPE_CHECKING, cast

from foreseen.adapters.predictor.column_facts.column_facts import MOST_VALUES, ColumnFacts

if TYPE_CHECKING:
    from sklearn.feature_extraction import DictVectorizer

_INNER = ("best_estimator_", "estimator_", "estimator", "regressor_")


def first_part(model: object) -> object:
    """Return the part that receives the input: the first step of a pipeline, inside a search or similar wrapper."""
    while (inner := _inner(model)) is not None:
        model = inner
    return model


def later_steps(model: object) -> list[object]:
    """Return the steps of a pipeline after its first, inside a search or similar wrapper; empty if there are none."""
    while (steps := getattr(model, "steps", None)) is None:
        if (inner := _inner(model)) is None:
            return []
        model = inner
    return [step for _, step in steps[1:] if step is not None and not isinstance(step, str)]


def is_text_part(part: object) -> bool:
    """Return whether an estimator takes a flat list of texts."""
    module = sys.modules.get("sklearn.feature_extraction.text")
    return module is not None and isinstance(part, module.CountVectorizer | module.HashingVectorizer)


def is_dict_part(part: object) -> bool:
    """Return whether an estimator takes a list of dicts."""
    module = sys.modules.get("sklearn.feature_extraction")
    if module is None:
        return False
    is_hasher = isinstance(part, module.FeatureHasher) and part.input_type == "dict"
    return is_hasher or isinstance(part, module.DictVectorizer)


def dict_columns(part: object) -> dict[str, ColumnFacts] | None:
    """Return the names that a fitted DictVectorizer knows, with what it was fitted on; None for any other part."""
    if not is_dict_part(part) or not hasattr(part, "feature_names_"):
        return None
    vectorizer = cast("DictVectorizer", part)
    texts: dict[str, list[str]] = {}
    names: dict[str, None] = {}
    for known in vectorizer.feature_names_:
        name, separator, value = str(known).partition(vectorizer.separator)
        names[name] = None
        if separator:
            texts.setdefault(name, []).append(value)
    return {
        name: ColumnFacts(
            dtype="string" if name in texts else None,
            takes_missing=True,  # a name that a dict lacks counts as zero
            values=tuple(texts.get(name, ())[:MOST_VALUES]),
            origin="feature_names_ of DictVectorizer",
        )
        for name in names
    }


def _inner(model: object) -> object:
    """Return the inner part that a model passes its input to first; None if it has none."""
    if "sklearn" not in sys.modules or not type(model).__module__.startswith(("sklearn.", "imblearn.")):
        return None
    steps = getattr(model, "steps", None)
    if steps is not None:
        return next((step for _, step in steps if step is not None and not isinstance(step, str)), None)
    union = getattr(model, "transformer_list", None)
    if union is not None:
        return next((part for _, part in union if not isinstance(part, str)), None)
    members = getattr(model, "calibrated_classifiers_", None) or getattr(model, "estimators_", None)
    if isinstance(members, list) and members and not hasattr(model, "n_features_in_"):
        return getattr(members[0], "estimator", None) or members[0]
    if isinstance(members, list) and members and _is_fitted_on_no_table(members[0]):
        return members[0]
    return next((inner for name in _INNER if hasattr(inner := getattr(model, name, None), "fit")), None)


def _is_fitted_on_no_table(member: object) -> bool:
    return is_text_part(first_part(member)) or is_dict_part(first_part(member))
