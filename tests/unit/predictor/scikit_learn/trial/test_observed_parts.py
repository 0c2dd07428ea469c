"""A model that was watched while it was called is afterwards as it was before."""

from typing import Any

import numpy as np
from sklearn.preprocessing import OneHotEncoder

from foreseen.adapters.predictor.scikit_learn.trial.observed_parts import ObservedParts


class _Inner:
    def work(self, table: Any) -> Any:
        return np.asarray(table).sum(axis=1)


class _Delegating:
    """Has its `transform` from an instance attribute, not from its class."""

    def __init__(self) -> None:
        self.transform = _Inner().work

    def predict(self, table: Any) -> Any:
        return self.transform(table)


class _OwnEncoder:
    """Has both categories of its own and a `transform` that scikit-learn does not know: watched as either."""

    def __init__(self) -> None:
        self.categories_ = [np.array(["a", "b"])]
        self.transform = _Inner().work


def test_a_transform_on_the_instance_is_there_afterwards() -> None:
    model = _Delegating()
    before = model.transform

    with ObservedParts(model).observing() as seen:
        model.predict([[1.0, 2.0]])

    assert seen.finished == 1
    assert model.transform is before


def test_a_part_that_is_watched_twice_is_restored() -> None:
    model = _OwnEncoder()
    before = dict(vars(model))

    with ObservedParts(model).observing() as seen:
        model.transform(np.ones((1, 2)))

    assert seen.finished == 1
    assert vars(model) == before


def test_a_class_transform_leaves_no_attribute_on_the_instance() -> None:
    encoder = OneHotEncoder().fit([["a"], ["b"]])

    with ObservedParts(encoder).observing() as seen:
        encoder.transform(np.array([["a"], ["c"]], dtype=object)[:1])

    assert (seen.known, seen.total) == (1, 1)
    assert "transform" not in vars(encoder)
