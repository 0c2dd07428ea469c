"""The outputs of models with scikit-learn's methods, as far as a signature says what those return."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from foreseen.adapters.predictor.library_model import LibraryModel, shown_name
from foreseen.adapters.predictor.scikit_learn.outputs.labels import last_parts
from foreseen.domain.did_you_mean import did_you_mean
from foreseen.domain.errors import ModelUnavailableError
from foreseen.domain.values.output import PREDICTION, Output
from foreseen.domain.values.signature import Signature


def method_outputs(
    methods: Sequence[str], signature: Signature, named: Mapping[str, Output] = MappingProxyType({})
) -> tuple[Output, ...]:
    """Return the outputs of methods, each of `METHODS` or a model's own, in the order given."""
    return tuple(named[method] if method in named else METHODS[method](signature) for method in methods)


def named_outputs(model: object) -> Mapping[str, Output]:
    """Return the outputs of a model that are not methods of it, by name; most models have none."""
    return model.named_outputs if isinstance(model, LibraryModel) else {}


def has_outputs(model: object, names: Sequence[str]) -> bool:
    """Return whether a model has every output, by its name."""
    return set(names) <= set(_offered(model))


def require_outputs(model: object, names: Sequence[str]) -> None:
    """Raise ModelUnavailableError unless every name is an output of a model: a method that returns rows, or its own."""
    offered = _offered(model)
    for name in names:
        if name == "transform" and (matrices := _transforms_into_matrices(model)):
            raise ModelUnavailableError(
                f"expected transform to return a row for each instance, got {matrices} with flatten_transform=False, "
                "which returns a matrix for each of its models; try: flatten_transform=True"
            )
        if name not in offered:
            hint = "" if name in METHODS else did_you_mean(name, offered)
            raise ModelUnavailableError(
                f"expected outputs of {shown_name(model)} ({', '.join(offered)}), got {name!r}"
                + (f"; {hint}" if hint else "")
            )


def _offered(model: object) -> list[str]:
    """Return the methods of `METHODS` that a model has, and the names of its own outputs."""
    named = named_outputs(model)
    return [*(method for method in METHODS if method not in named and _has(model, method)), *named]


def _has(model: object, method: str) -> bool:
    return callable(getattr(model, method, None))


def _transforms_into_matrices(model: object) -> str:
    """Return the name of the part of a model whose `transform` returns a matrix for each of its members, or nothing."""
    for part in last_parts(model):
        if getattr(part, "voting", "") == "soft" and getattr(part, "flatten_transform", None) is False:
            return type(part).__qualname__
    return ""


def _predict(signature: Signature) -> Output:
    classes = signature.classes
    if signature.kind == "classification":
        labels = len(classes) if signature.is_multilabel else 0
        shape = ((labels,) if labels else ()) if classes else None
        return Output("predict", PREDICTION, "string", shape, classes)
    return Output("predict", PREDICTION, "float64" if signature.kind == "regression" else None)


def _predict_proba(signature: Signature) -> Output:
    classes = signature.classes
    shape = (len(classes),) if classes else None
    return Output("predict_proba", "probabilities", "float64", shape, classes, of_class="probability")


def _predict_log_proba(signature: Signature) -> Output:
    probabilities = _predict_proba(signature)
    return replace(probabilities, name="predict_log_proba", member="log_probabilities", of_class="log_probability")


def _transform(_: Signature) -> Output:
    return Output("transform", "transform", "float64")


def _decision_function(_: Signature) -> Output:
    # A number per class, per pair of classes, or for the second of two: only the estimator knows which.
    return Output("decision_function", "decision_function", "float64")


def _score_samples(_: Signature) -> Output:
    return Output("score_samples", "score_samples", "float64")


METHODS: Final[Mapping[str, Callable[[Signature], Output]]] = {
    "predict": _predict,
    "predict_proba": _predict_proba,
    "predict_log_proba": _predict_log_proba,
    "decision_function": _decision_function,
    "score_samples": _score_samples,
    "transform": _transform,
}
"""Methods that answer each row by itself with numbers or labels, and their outputs."""
