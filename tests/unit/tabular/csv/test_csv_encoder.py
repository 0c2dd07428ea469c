"""CSV out: the cells that were read, exactly, then what the model said; a file that is there whole or not at all."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreseen.adapters.tabular.csv.csv_encoder import CsvEncoder, CsvRejectsEncoder
from foreseen.adapters.tabular.csv.csv_reader import CsvReader
from foreseen.adapters.tabular.file_layout import Layout
from foreseen.adapters.tabular.writing.added_columns import AddedColumn, added_columns
from foreseen.domain.tables.csv_dialect import CsvDialect
from foreseen.domain.tables.table import Reject
from foreseen.domain.values.predictions import EncodedPredictions, decoded
from foreseen.domain.values.signature import Feature, Signature
from support.example_counts import examples
from support.model_outputs import outputs_of

TEXTS = Signature((Feature("t", dtype="string"),))


def _written(data: str, bodies: list[bytes], added: list[AddedColumn]) -> str:
    """Copy a table with an answer beside each of its rows."""
    layout = Layout("csv", None, ",", '"', "utf-8", CsvDialect(is_quote_chosen=True))
    reader = CsvReader(io.BytesIO(data.encode()), name="in.csv", signature=TEXTS, layout=layout)
    encoder = CsvEncoder(reader.columns, added=added)
    return b"".join(
        [encoder.begin(), *(encoder.encode(chunk, decoded(EncodedPredictions(bodies))) for chunk in reader)]
    ).decode()


def _one(body: bytes, *added: AddedColumn) -> list[str]:
    """Return the cells that one answer adds."""
    rows = list(csv.reader(io.StringIO(_written("t\nx\n", [body], list(added)), newline="")))
    assert rows[0] == ["t", *(column.name for column in added)]
    assert rows[1][0] == "x"
    return rows[1][1:]


PREDICTION = added_columns(outputs_of("predict"))
ANSWERS = {
    b'{"prediction":"setosa"}': "setosa",
    b'{"prediction":"a, \\"b\\""}': 'a, "b"',
    b'{"prediction":1}': "1",
    b'{"prediction":0.1}': "0.1",
    b'{"prediction":1e-07}': "1e-07",
    b'{"prediction":123456789.123456789}': "123456789.12345679",
    b'{"prediction":true}': "true",
    b'{"prediction":null}': "",
    b'{"prediction":["1","0"]}': '["1","0"]',
    b'{"prediction":[1.5,null]}': "[1.5,null]",
    '{"prediction":{"navn":"Ål"}}'.encode(): '{"navn":"Ål"}',
}


@pytest.mark.parametrize("body", ANSWERS, ids=bytes.decode)
def test_a_prediction_is_written_as_json_shows_it(body: bytes) -> None:
    assert _one(body, *PREDICTION) == [ANSWERS[body]]


def test_each_class_has_its_probability_whatever_their_order() -> None:
    columns = added_columns(outputs_of("predict", "predict_proba", classes=["no", "yes"]))
    body = b'{"prediction":"no","probabilities":{"yes":0.25,"no":0.75}}'

    assert [column.name for column in columns] == ["prediction", "probability_no", "probability_yes"]
    assert _one(body, *columns) == ["no", "0.75", "0.25"]


def test_probabilities_without_classes_are_one_cell() -> None:
    columns = added_columns(outputs_of("predict_proba"))

    assert [column.name for column in columns] == ["probabilities"]
    assert _one(b'{"probabilities":[{"0":0.5,"1":0.5}]}', *columns) == ['[{"0":0.5,"1":0.5}]']
    assert _one(b'{"probabilities":{"0":0.5,"1":0.5}}', *columns) == ['{"0":0.5,"1":0.5}']


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)


@given(
    st.lists(st.tuples(CELL.filter(bool), CELL), min_size=1, max_size=12),
    st.lists(CELL, min_size=2, max_size=2, unique=True),
)
@settings(max_examples=examples(66), deadline=None)
def test_every_cell_is_written_as_it_was_read(rows: list[tuple[str, str]], extra: list[str]) -> None:
    header = ["t", *(f"column {name}" for name in extra)]
    given_rows = [[a, b, a + b] for a, b in rows]
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([header, *given_rows])

    out = _written(text.getvalue(), [b'{"prediction":1}'] * len(rows), PREDICTION)

    assert list(csv.reader(io.StringIO(out, newline=""))) == [
        [*header, "prediction"],
        *([*row, "1"] for row in given_rows),
    ]


def test_rejects_say_file_line_column_and_reason_beside_the_row() -> None:
    encoder = CsvRejectsEncoder()
    out = encoder.begin() + encoder.encode([]) + encoder.encode([Reject("in.csv", 3, "a", "expected 1", '1,"x"')])

    assert list(csv.reader(io.StringIO(out.decode()))) == [
        ["file", "line", "column", "reason", "row"],
        ["in.csv", "3", "a", "expected 1", '1,"x"'],
    ]
