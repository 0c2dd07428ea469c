"""Which columns come out: those to keep, in the input's order, and none twice."""

from typing import Any

import pyarrow as pa
import pytest

from foreseen.adapters.predictor.scikit_learn.outputs.method_outputs import method_outputs
from foreseen.adapters.tabular.encoders import table_encoder
from foreseen.adapters.tabular.writing.added_columns import added_columns, members_of
from foreseen.adapters.tabular.writing.kept_columns import kept_columns
from foreseen.domain.errors import TableError
from foreseen.domain.tables.table_format import OutputColumns
from foreseen.domain.values.signature import Feature, Signature
from support.model_outputs import outputs_of

GIVEN = ["id", "a", "prediction", "b"]


def kept(*names: str, prediction: str = "score") -> list[str]:
    """Keep columns."""
    asked = OutputColumns(names, prediction)
    return kept_columns(GIVEN, asked, [prediction], name="out.csv")


def test_columns_are_kept_in_their_order_in_the_input() -> None:
    assert kept("b", "id") == ["id", "b"]
    assert kept() == []
    assert kept_columns(GIVEN, OutputColumns(), [], name="out.csv") == GIVEN


def test_a_missing_column_to_keep_is_rejected_with_a_hint() -> None:
    with pytest.raises(
        TableError,
        match=r"^--keep: expected columns of the input \(id, a, .*\), got 'predictions'; did you mean 'prediction'",
    ):
        kept("predictions")


def test_an_input_with_an_added_column_is_rejected_with_advice() -> None:
    with pytest.raises(
        TableError, match=r"^out.csv: expected an input without a column 'prediction', .*--prediction-column"
    ):
        kept("id", "prediction", prediction="prediction")

    assert kept("id", prediction="prediction") == ["id"]


def test_a_repeated_name_of_added_columns_is_rejected() -> None:
    with pytest.raises(TableError, match=r"^--model-column: expected a name that no output column has, got 'p'$"):
        kept_columns(["a"], OutputColumns(model_column="p"), ["p", "p"], name="out.csv")


def test_an_input_with_a_model_column_is_rejected() -> None:
    with pytest.raises(TableError, match=r"without a column 'id', which the output adds; --model-column gives it"):
        kept_columns(GIVEN, OutputColumns(("id",), "p", "id"), ["p", "id"], name="out.csv")


@pytest.mark.parametrize(
    ("path", "columns", "said"),
    [
        ("o.jsonl", ["x", "probabilities"], "out: expected an input without a column 'probabilities'"),
        ("o.csv", ["x", "probabilities"], ""),
        ("o.jsonl", ["x", "probability_a"], ""),
        ("o.csv", ["x", "probability_a"], "out: expected an input without a column 'probability_a'"),
    ],
)
def test_the_names_that_count_are_those_of_the_format(path: str, columns: list[str], said: str) -> None:
    signature = Signature((Feature("x"),), classes=("a", "b"))
    outputs = method_outputs(["predict", "predict_proba"], signature)
    schema = pa.schema([(name, pa.string()) for name in columns])

    def encoder() -> Any:
        return table_encoder(schema, path=path, name="out", outputs=outputs, signature=signature)

    if said:
        with pytest.raises(TableError, match=f"^{said}"):
            encoder()
    else:
        assert encoder() is not None


def test_members_of_objects_are_named_as_they_are_written() -> None:
    columns = added_columns(outputs_of("predict", "predict_proba", classes=["0", "1"]), prediction="delay")

    assert members_of(columns) == ["delay", "delay_probabilities"]


def test_probabilities_are_named_after_the_prediction() -> None:
    columns = added_columns(outputs_of("predict", "predict_proba", classes=["0"]), prediction="delay")

    assert [column.name for column in columns] == ["delay", "delay_probability_0"]
