"""A model describes its outputs before it has answered."""

import pytest

from foreseen.adapters.predictor.scikit_learn.outputs.method_outputs import method_outputs
from foreseen.domain.values.output import Output, prediction_first
from foreseen.domain.values.signature import Feature, Kind, Signature


def signature(kind: Kind, *classes: str, is_multilabel: bool = False) -> Signature:
    return Signature((Feature("x"),), kind, classes, is_multilabel=is_multilabel)


@pytest.mark.parametrize(
    ("described", "dtype", "shape", "is_label"),
    [
        (signature("classification", "no", "yes"), "string", (), True),
        (signature("classification", "no", "yes", is_multilabel=True), "string", (2,), False),
        (signature("classification"), "string", None, False),
        (signature("regression"), "float64", None, False),
        (signature("other"), None, None, False),
    ],
)
def test_a_prediction_is_typed_as_far_as_is_known(
    described: Signature, dtype: str | None, shape: tuple[int, ...] | None, is_label: bool
) -> None:
    (output,) = method_outputs(["predict"], described)

    assert (output.member, output.dtype, output.shape, output.is_label) == ("prediction", dtype, shape, is_label)


def test_probabilities_are_a_number_for_each_class() -> None:
    (output,) = method_outputs(["predict_proba"], signature("classification", "no", "yes"))

    expected = Output("predict_proba", "probabilities", "float64", (2,), ("no", "yes"), of_class="probability")
    assert output == expected


def test_outputs_keep_the_order_in_which_they_were_chosen() -> None:
    chosen = method_outputs(["predict_proba", "predict"], signature("regression"))

    assert [output.name for output in chosen] == ["predict_proba", "predict"]
    assert [output.name for output in prediction_first(chosen)] == ["predict", "predict_proba"]
