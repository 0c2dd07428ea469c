"""The values of a classifier's labels are known beside their texts, and change no key."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foreseen.adapters.predictor.scikit_learn.outputs.labels import Labels
from foreseen.domain.values.signature import Feature, Signature
from support.fakes import info_of
from support.loaded_models import load_saved
from support.own_models import Choosing, Doubler


@pytest.mark.parametrize(
    ("labels", "texts", "values"),
    [
        ([0, 1], ("0", "1"), (0, 1)),
        ([False, True], ("False", "True"), (False, True)),
        ([0.5, 2.0], ("0.5", "2.0"), (0.5, 2.0)),
        (["no", "yes"], ("no", "yes"), ("no", "yes")),
        (["0", "1"], ("0", "1"), ("0", "1")),
        ([-1, 2**40], ("-1", str(2**40)), (-1, 2**40)),
    ],
    ids=["integers", "bools", "floats", "texts", "texts of digits", "large integers"],
)
def test_each_label_has_its_own_type(
    tmp_path: Path, labels: Sequence[object], texts: tuple[str, ...], values: tuple[object, ...]
) -> None:
    signature = load_saved(Choosing(*labels), tmp_path, proba=False).info.signature

    assert signature.classes == texts
    assert signature.class_values == values
    assert list(map(type, signature.class_values)) == list(map(type, values))


@pytest.mark.parametrize(
    ("label", "value"),
    [
        (float("nan"), None),
        (None, None),
        (np.float32(0.5), 0.5),
        (np.int8(3), 3),
        (np.bool_(True), True),
        (b"raw", "raw"),
        (("a", 1), '["a",1]'),
        (np.datetime64("2024-01-02"), "2024-01-02"),
    ],
)
def test_a_label_of_another_type_has_a_json_value(label: Any, value: object) -> None:
    labels = Labels.of([label, "other"])

    assert labels.values == (value, "other")
    assert type(labels.values[0]) is type(value)


def test_a_model_without_labels_has_no_values(tmp_path: Path) -> None:
    signature = load_saved(Doubler(), tmp_path, proba=False, features=["a"]).info.signature

    assert (signature.classes, signature.class_values) == ((), ())


def test_values_are_part_of_no_key() -> None:
    plain = Signature((Feature("a"),), "classification", ("0", "1"))
    typed = replace(plain, class_values=(0, 1))

    assert plain == typed
    assert plain.canonical() == typed.canonical()
    assert info_of(plain) == info_of(typed)
    assert info_of(plain).namespace == info_of(typed).namespace
    assert info_of(plain).difference(info_of(typed)) == ""


def test_there_is_a_value_for_each_label() -> None:
    with pytest.raises(ValueError, match="expected a value for each of 2 classes, got 1"):
        Signature((Feature("a"),), "classification", ("0", "1"), class_values=(0,))
