"""Predictions as the bytes that clients receive."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreseen.domain.errors import PredictionError
from foreseen.domain.values.predictions import Predictions, decoded
from support.example_counts import examples


def test_each_answer_is_compact_json_with_its_outputs_in_order() -> None:
    predictions = Predictions({"prediction": ["0", "1"], "probabilities": [{"0": 0.9, "1": 0.1}, {"0": 0.5, "1": 0.5}]})

    assert predictions.encode().bodies == [
        b'{"prediction":"0","probabilities":{"0":0.9,"1":0.1}}',
        b'{"prediction":"1","probabilities":{"0":0.5,"1":0.5}}',
    ]
    assert len(predictions) == 2


def test_text_stays_readable() -> None:
    assert Predictions({"prediction": ["grün"]}).encode().bodies == ['{"prediction":"grün"}'.encode()]


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (math.nan, b"null"),
        (math.inf, b"null"),
        ([1.0, -math.inf], b"[1.0,null]"),
        ((math.nan, "nan"), b'[null,"nan"]'),
        ({"a": math.nan, "b": [math.inf, 2]}, b'{"a":null,"b":[null,2]}'),
    ],
)
def test_a_non_finite_number_is_null(value: Any, encoded: bytes) -> None:
    assert Predictions({"prediction": [value]}).encode().bodies == [b'{"prediction":' + encoded + b"}"]


def test_what_a_null_was_is_kept_beside_the_bytes() -> None:
    values: list[Any] = [math.nan, 1.0, [math.inf, None], None, -math.inf]

    encoded = Predictions({"prediction": values}).encode()

    assert encoded.nulls == {0: b"n", 2: b"+0", 4: b"-"}
    assert repr(decoded(encoded).outputs["prediction"]) == repr(values)


def test_answers_with_other_numbers_that_are_not_finite_differ_when_compared() -> None:
    nan, infinite, nothing, same = (
        Predictions({"prediction": [1.0, value]}).encode() for value in (math.nan, math.inf, None, math.nan)
    )

    assert nan.comparable == same.comparable
    assert len({tuple(each.comparable) for each in (nan, infinite, nothing)}) == 3


@settings(max_examples=examples(50), deadline=None)
@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.text() | st.integers(-(2**53), 2**53), min_size=1)
)
def test_values_survive_their_encoding(values: list[Any]) -> None:
    read = [json.loads(body)["prediction"] for body in Predictions({"prediction": values}).encode().bodies]

    assert read == values


@pytest.mark.parametrize(
    "value",
    [object(), {1, 2}, b"x", "\ud800", 1j, [object(), math.nan]],
    ids=["object", "set", "bytes", "surrogate", "complex", "list"],
)
def test_an_answer_without_a_json_form_is_the_models_failure(value: Any) -> None:
    with pytest.raises(PredictionError, match="expected the model to answer with numbers, strings or lists"):
        Predictions({"prediction": [value]}).encode()


def test_outputs_of_different_lengths_are_the_models_failure() -> None:
    with pytest.raises(PredictionError, match="2 of prediction, 1 of probabilities"):
        Predictions({"prediction": ["0", "1"], "probabilities": [{"0": 1.0}]}).encode()
