"""Probabilities that come as a column of an array are written as those that come one by one."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from foreseen.adapters.tabular.columns.non_finite import count_non_finite
from foreseen.adapters.tabular.writing.added_columns import AddedColumn
from foreseen.adapters.tabular.writing.answer_texts import cell_texts, json_texts, spool_texts
from foreseen.domain.tables.notices import Notices
from foreseen.domain.values.labelled_rows import LabelledRows
from foreseen.domain.values.predictions import Predictions

NUMBERS = np.array([[0.1 + 0.2, 0.0], [1e-7, 1.0], [np.nan, -0.0], [np.inf, 1e22]])


@pytest.fixture
def column() -> Any:
    predictions = Predictions({"probabilities": LabelledRows(("a", "b"), NUMBERS)})
    return AddedColumn("probability_a", "probabilities", "a").values(predictions)


@pytest.mark.parametrize("texts", [cell_texts, json_texts, spool_texts])
def test_a_column_is_written_as_its_values(texts: Any, column: Any) -> None:
    assert texts(column).equals(texts(NUMBERS[:, 0].tolist()))
    assert pa.array(column, pa.float64()).to_pylist()[:2] == [0.1 + 0.2, 1e-7]


@pytest.mark.parametrize("is_held", [False, True])
def test_non_finite_predictions_are_counted(column: Any, is_held: bool) -> None:
    notices, one_by_one = Notices(), Notices()

    count_non_finite(notices, "probability_a", column, is_held=is_held)
    count_non_finite(one_by_one, "probability_a", column.tolist(), is_held=is_held)

    assert notices.listed() == one_by_one.listed()
