"""Probabilities that are held by column are to everybody else the dicts that they were."""

from typing import Any

import numpy as np
import pytest

from foreseen.domain.values.labelled_rows import LabelledRows
from foreseen.domain.values.predictions import Predictions, decoded, joined_predictions

NUMBERS = np.array([[0.25, 0.75], [1.0, 0.0], [0.5, 0.5]])
DICTS: list[Any] = [{"a": 0.25, "b": 0.75}, {"a": 1.0, "b": 0.0}, {"a": 0.5, "b": 0.5}]


@pytest.fixture
def rows() -> LabelledRows:
    return LabelledRows(("a", "b"), NUMBERS)


def test_each_row_is_a_dict(rows: LabelledRows) -> None:
    assert list(rows) == DICTS
    assert (rows[1], rows[-1]) == (DICTS[1], DICTS[-1])
    assert list(rows[1:]) == DICTS[1:]
    assert list(rows.take([2, 0, 2])) == [DICTS[2], DICTS[0], DICTS[2]]
    assert rows == DICTS


def test_each_label_is_a_column(rows: LabelledRows) -> None:
    assert rows.column("b").tolist() == [0.75, 0.0, 0.5]


def test_predictions_of_them_are_encoded_as_before(rows: LabelledRows) -> None:
    held = Predictions({"prediction": ["a"] * 3, "probabilities": rows})
    before = Predictions({"prediction": ["a"] * 3, "probabilities": DICTS})

    held.check()
    assert held.encode() == before.encode()
    assert held.take([2, 1]).encode() == before.take([2, 1]).encode()
    assert held.first(2).encode().bodies == before.encode().bodies[:2]


def test_parts_stay_columns_where_all_are(rows: LabelledRows) -> None:
    part = Predictions({"probabilities": rows})

    assert isinstance(joined_predictions([part, part]).outputs["probabilities"], LabelledRows)
    assert joined_predictions([part, decoded(part.encode())]).encode().bodies == part.encode().bodies * 2
