"""Signatures: what they reject, and the bounds and examples they give."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from foreseen.domain.values.batch import Batch
from foreseen.domain.values.signature import Feature, Signature
from support.example_counts import examples
from support.random_instances import signatures


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"name": ""}, "reserved"),
        ({"name": "instances"}, "reserved"),
        ({"name": "x", "dtype": "float16"}, "expected a dtype of float64, .*, got 'float16'"),
        ({"name": "x", "shape": (2, 0)}, r"positive lengths, got \[2, 0\]"),
        ({"name": "x", "dtype": "string", "shape": (2,)}, "one string a feature, not a tensor"),
        ({"name": "x", "dtype": "datetime", "shape": (2,)}, "one datetime a feature, not a tensor"),
        ({"name": "x", "dtype": "int8", "shape": (2,), "missing": True}, "missing values only in tensors of floats"),
    ],
)
def test_a_nonsensical_feature_is_rejected(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Feature(**arguments)


def test_a_signature_needs_features() -> None:
    with pytest.raises(ValueError, match="at least one feature"):
        Signature(())


def test_a_signature_names_the_feature_that_is_there_twice() -> None:
    with pytest.raises(ValueError, match="'b' twice"):
        Signature((Feature("a"), Feature("b"), Feature("b", "int8")))


@pytest.mark.parametrize("dtype", ["int32", "int16", "int8", "uint32", "uint16", "uint8"])
def test_bounds_are_those_of_the_dtype(dtype: Any) -> None:
    assert Feature("x", dtype).bounds == (np.iinfo(dtype).min, np.iinfo(dtype).max)


def test_bounds_end_where_floats_stop_holding_integers() -> None:
    assert Feature("x", "int64").bounds == (-(2**53), 2**53)
    assert Feature("x", "uint64").bounds == (0, 2**53)
    assert Feature("x", "bool").bounds == (0, 1)


@settings(max_examples=examples(50), deadline=None)
@given(signatures())
def test_the_example_of_any_signature_is_a_valid_instance(signature: Signature) -> None:
    example = signature.example_instance()
    batch = Batch.of(signature, {name: [value] for name, value in example.items()})

    assert list(example) == list(signature.names)
    assert [column.shape for column in batch.columns] == [(1, *feature.shape) for feature in signature.features]


def test_a_given_example_is_shown() -> None:
    assert Signature((Feature("x", example=5.1), Feature("y", shape=(2,)))).example_instance() == {
        "x": 5.1,
        "y": [1.0, 1.0],
    }


@pytest.mark.parametrize(
    ("feature", "example"),
    [
        (Feature("x", "string", example="given", values=("fitted",)), "given"),
        (Feature("x", "string", missing=True, values=(None, "fitted", "other")), "fitted"),
        (Feature("x", "int64", values=(0, 7)), 0),
        (Feature("x", "datetime"), "2024-01-02T03:04:05"),
        (Feature("x", "datetime_tz"), "2024-01-02T03:04:05Z"),
        (Feature("x", "bool", missing=True), True),
    ],
    ids=str,
)
def test_an_example_is_given_else_fitted_else_plausible(feature: Feature, example: object) -> None:
    assert feature.default_example() == example


def test_a_feature_cannot_be_an_ignored_column() -> None:
    with pytest.raises(ValueError, match="ignored columns that are no features, got 'a'"):
        Signature((Feature("a"),), ignored=("b", "a"))


def test_other_accepted_fields_are_not_canonical() -> None:
    features = (Feature("a", values=(1.0,)),)

    assert Signature(features, ignored=("b",), extra_fields="ignore").canonical() == Signature(features).canonical()


def test_a_tensor_is_known_by_its_shape() -> None:
    assert Signature((Feature("x"), Feature("y", shape=(1,)))).has_tensors
    assert not Signature((Feature("x"), Feature("y", "string"))).has_tensors
    assert Feature("x", shape=(2, 3)).size == 6
    assert Feature("x").size == 1
