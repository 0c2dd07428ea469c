"""Made-up instances: valid, and the same ones each time."""

import numpy as np
from hypothesis import given, settings

from foreseen.domain.values.probe import probe_batch
from foreseen.domain.values.signature import Feature, Signature
from support.example_counts import examples
from support.random_instances import signatures


@settings(max_examples=examples(50), deadline=None)
@given(signatures())
def test_any_signature_can_be_probed_the_same_way_twice(signature: Signature) -> None:
    first, second = probe_batch(signature, 5), probe_batch(signature, 5)

    assert len(first) == 5
    for one, other, feature in zip(first.columns, second.columns, signature.features, strict=True):
        assert one.shape == (5, *feature.shape)
        np.testing.assert_array_equal(one, other)


def test_instances_differ_from_one_another_around_the_example() -> None:
    (column,) = probe_batch(Signature((Feature("x", example=100.0),)), 64).columns

    assert len(set(column.tolist())) == 64
    assert 50 < np.median(column.astype(np.float64)) < 150


def test_integers_stay_within_their_dtype() -> None:
    features = (Feature("a", "uint8", example=255), Feature("b", "int8", example=-128), Feature("c", "bool"))
    a, b, c = probe_batch(Signature(features), 64).columns

    assert len(set(a.tolist())) > 1
    assert len(set(b.tolist())) > 1
    assert set(c.tolist()) == {True, False}


def test_known_values_are_drawn_and_no_others() -> None:
    features = (Feature("a", "string", values=("red", "blue")), Feature("b", "int64", values=(10, 20, 30)))
    a, b = probe_batch(Signature(features), 64).columns

    assert set(a) == {"red", "blue"}
    assert set(b.tolist()) == {10, 20, 30}
