"""Which columns come out: those to keep, in the input's order, and none twice."""

import pytest

from foreseen.adapters.tabular.added_columns import added_columns
from foreseen.adapters.tabular.kept_columns import kept_columns
from foreseen.domain.errors import TableError
from foreseen.domain.table_form import OutputColumns

GIVEN = ["id", "a", "prediction", "b"]


def kept(*names: str, prediction: str = "score") -> list[str]:
    """Keep columns."""
    asked = OutputColumns(names, prediction)
    return kept_columns(GIVEN, asked, added_columns(["predict"], [], prediction=prediction), name="out.csv")


def test_columns_are_kept_in_their_order_in_the_input() -> None:
    assert kept("b", "id") == ["id", "b"]
    assert kept() == []
    assert kept_columns(GIVEN, OutputColumns(), [], name="out.csv") == GIVEN


def test_a_column_to_keep_that_is_not_there_is_refused_with_a_hint() -> None:
    with pytest.raises(
        TableError,
        match=r"^--keep: expected columns of the input \(id, a, .*\), got 'predictions'; did you mean 'prediction'",
    ):
        kept("predictions")


def test_an_input_that_has_an_added_column_is_refused_with_a_way_out() -> None:
    with pytest.raises(
        TableError, match=r"^out.csv: expected an input without a column 'prediction', .*--prediction-column"
    ):
        kept("id", "prediction", prediction="prediction")

    assert kept("id", prediction="prediction") == ["id"]


def test_probabilities_are_named_after_the_prediction() -> None:
    columns = added_columns(["predict", "predict_proba"], ["0"], prediction="delay")

    assert [column.name for column in columns] == ["delay", "delay_probability_0"]
