"""Bare values: what entries contain, without the objects, labels as the model writes them."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreseen.adapters.predictor.scikit_learn.outputs.method_outputs import method_outputs
from foreseen.domain.values.output import Output
from foreseen.domain.values.predictions import Predictions
from foreseen.domain.values.signature import Feature, Kind, Signature
from foreseen.entrypoints.http.responses.bare_values import BareValues

FEATURES = (Feature("a"),)
LABELS: dict[str, tuple[Any, ...]] = {
    "integers": (0, 1, 10),
    "bools": (False, True),
    "floats": (0.5, 1.0, 1e22),
    "texts": ("no", "yes"),
    "a missing one": (None, 1),
    "quotation marks": ('a"b', "a\\", "a", 7),
}


def signature_of(*values: Any, kind: Kind = "classification") -> Signature:
    return Signature(FEATURES, kind, tuple(map(text_of, values)), class_values=values)


def text_of(value: Any) -> str:
    return "null" if value is None else str(value)


def bare(signature: Signature, *answers: Any, outputs: tuple[str, ...] = ("predict",)) -> list[Any]:
    """Return the values of answers, each an object as entries have them."""
    entries = [Predictions({name: [value] for name, value in answer.items()}).encode().bodies[0] for answer in answers]
    return [json.loads(value) for value in BareValues(signature, method_outputs(outputs, signature)).of(entries)]


@pytest.mark.parametrize("values", LABELS.values(), ids=LABELS)
def test_labels_have_the_types_of_the_model(values: tuple[Any, ...]) -> None:
    texts = [{"prediction": None if value is None else text_of(value)} for value in values]

    found = bare(signature_of(*values), *texts)

    assert found == list(values)
    assert list(map(type, found)) == list(map(type, values))


@pytest.mark.parametrize("values", LABELS.values(), ids=LABELS)
@pytest.mark.parametrize("order", [("predict", "predict_proba"), ("predict_proba", "predict")])
def test_several_outputs_stay_an_object(values: tuple[Any, ...], order: tuple[str, ...]) -> None:
    share = {text_of(value): 0.1 for value in values}
    texts = [{"prediction": None if value is None else text_of(value), "probabilities": share} for value in values]
    if order[0] == "predict_proba":
        texts = [dict(reversed(text.items())) for text in texts]

    found = bare(signature_of(*values), *texts, outputs=order)

    assert [each["prediction"] for each in found] == list(values)
    assert [each["probabilities"] for each in found] == [share] * len(values)
    assert [list(each) for each in found] == [list(text) for text in texts]


@pytest.mark.parametrize("order", [("predict",), ("predict", "predict_proba"), ("predict_proba", "predict")])
def test_an_infinite_label_stays_a_text(order: tuple[str, ...]) -> None:
    texts = ["inf", "-inf", None, "0.5"]
    share = {"probabilities": {"inf": 1.0}} if len(order) > 1 else {}
    answers: list[dict[str, Any]] = [{"prediction": text} | share for text in texts]
    if order[0] == "predict_proba":
        answers = [dict(reversed(each.items())) for each in answers]

    found = bare(signature_of(float("inf"), float("-inf"), None, 0.5), *answers, outputs=order)

    assert [each["prediction"] if len(order) > 1 else each for each in found] == ["inf", "-inf", None, 0.5]


def test_a_text_that_is_no_label_stays_a_text() -> None:
    assert bare(signature_of(0, 1), {"prediction": "2"}, {"prediction": ["0", "1"]}) == ["2", ["0", "1"]]


def test_the_answers_of_a_multilabel_model_stay_as_they_are() -> None:
    signature = replace(signature_of(0, 1), is_multilabel=True)

    assert bare(signature, {"prediction": ["0", "1"]}) == [["0", "1"]]


@pytest.mark.parametrize("value", [1.5, None, "text", "0", [1, 2], {"a": "0"}, True])
def test_what_is_no_label_stays_as_it_is(value: Any) -> None:
    assert bare(Signature(FEATURES, "other"), {"prediction": value}) == [value]


def test_a_label_without_known_values_stays_a_text() -> None:
    """As in a signature that was made without them."""
    assert bare(Signature(FEATURES, "classification", ("0", "1")), {"prediction": "0"}) == ["0"]


def test_probabilities_alone_are_an_object() -> None:
    assert bare(signature_of(0, 1), {"probabilities": {"0": 0.5, "1": 0.5}}, outputs=("predict_proba",)) == [
        {"0": 0.5, "1": 0.5}
    ]


@pytest.mark.parametrize("entry", [b'{ "prediction": "1" }', b'{"prediction" :"1"}'])
def test_an_entry_that_was_written_otherwise_is_parsed(entry: bytes) -> None:
    signature = signature_of(0, 1)

    assert BareValues(signature, method_outputs(("predict",), signature)).of([entry]) == [b"1"]


def test_other_members_keep_their_bytes() -> None:
    outputs = (Output("a", "a"), Output("b", "b"))

    assert BareValues(Signature(FEATURES), outputs).of([b'{"a":1e22,"b":"\xc3\xa9"}']) == [b'{"a":1e22,"b":"\xc3\xa9"}']


TEXTS = st.text(alphabet='"\\,:}a0é', max_size=4)


@settings(deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=4, unique=True), st.data())
def test_any_label_is_found_wherever_it_stands(texts: list[str], data: st.DataObject) -> None:
    signature = Signature(FEATURES, "classification", tuple(texts), class_values=tuple(range(len(texts))))
    chosen = data.draw(st.sampled_from(texts))

    assert bare(signature, {"prediction": chosen}) == [texts.index(chosen)]
    both = {"prediction": chosen, "probabilities": {chosen: 1.0}}
    assert bare(signature, both, outputs=("predict", "predict_proba")) == [both | {"prediction": texts.index(chosen)}]


@settings(deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=4, unique=True), TEXTS)
def test_no_other_text_is_taken_for_a_label(texts: list[str], other: str) -> None:
    signature = Signature(FEATURES, "classification", tuple(texts), class_values=tuple(range(len(texts))))
    expected = texts.index(other) if other in texts else other
    both = {"prediction": other, "probabilities": {}}

    assert bare(signature, {"prediction": other}) == [expected]
    assert bare(signature, both, outputs=("predict", "predict_proba")) == [both | {"prediction": expected}]
