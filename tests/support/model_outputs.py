"""Outputs of models that are not there."""

from collections.abc import Sequence

from foreseen.adapters.predictor.scikit_learn.outputs.method_outputs import method_outputs
from foreseen.domain.values.output import Output
from foreseen.domain.values.signature import Feature, Signature


def outputs_of(*methods: str, classes: Sequence[str] = ()) -> tuple[Output, ...]:
    """Return the outputs of a classifier with these classes, or of a model of which nothing is known."""
    signature = Signature((Feature("x"),), "classification" if classes else "other", tuple(classes))
    return method_outputs(methods, signature)
