"""The outputs of models with scikit-learn's methods, as far as a signature says what those return."""

from collections.abc import Sequence

from foreseen.domain.values.output import PREDICTION, Output
from foreseen.domain.values.signature import Signature


def method_outputs(methods: Sequence[str], signature: Signature) -> tuple[Output, ...]:
    """Return what `predict` and `predict_proba` answer, in the order in which they are named here."""
    known = {output.name: output for output in (_predict(signature), _predict_proba(signature))}
    return tuple(known[method] for method in methods)


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
