"""Excel in and out: numbers and dates are numbers and dates, and what a sheet cannot hold is rejected in time."""

import io
import warnings
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pytest

from foreseen.adapters.tabular.columns.chunk_rows import as_cells, record_batch_of
from foreseen.adapters.tabular.encoders import table_encoder
from foreseen.adapters.tabular.open_tables import opened_tables
from foreseen.adapters.tabular.sealing import excel_limits
from foreseen.domain.errors import TableError
from foreseen.domain.tables.table import Chunk
from foreseen.domain.tables.table_format import OutputColumns, TableForm
from foreseen.domain.values.predictions import Predictions
from foreseen.domain.values.signature import Feature, Signature
from support.model_outputs import outputs_of

A, T = Feature("a", missing=True), Feature("t", "string", missing=True)
DAY = datetime(2024, 1, 2, 3, 4, 5)  # noqa: DTZ001 - workbooks have no zones


def workbook(*rows: list[Any], **sheets: list[list[Any]]) -> bytes:
    """Write a workbook, its rows into the first sheet."""
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    for title, more in sheets.items():
        sheet = book.create_sheet(title)
        for row in more:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def read(data: bytes, *features: Feature, form: TableForm | None = None) -> tuple[Any, list[Chunk]]:
    """Read a workbook from standard input."""
    with opened_tables(
        ["-"], signature=Signature(features or (A,)), standard_input=io.BytesIO(data), form=form or TableForm()
    ) as tables:
        return tables.schema, list(tables)


def kept(data: bytes) -> list[dict[str, Any]]:
    """Return the rows as they are kept."""
    return [row for chunk in read(data)[1] for row in record_batch_of(chunk).to_pylist()]


def test_a_workbook_is_recognised_and_has_typed_columns() -> None:
    schema, (chunk,) = read(
        workbook(
            ["a", "n", "w", "b", "d", "s", "m"], [1, 7, 0.5, True, DAY, "x", None], [2.5, 8, 2, False, DAY, "1", None]
        )
    )

    assert schema.types == [
        pa.float64(), pa.int64(), pa.float64(), pa.bool_(), pa.timestamp("us"), pa.string(), pa.null(),
    ]  # fmt: skip
    assert chunk.batch is not None
    assert chunk.batch.columns[0].tolist() == [1.0, 2.5]
    second = record_batch_of(chunk).to_pylist()[1]
    assert second == {
        "a": 2.5,
        "n": 8,
        "w": 2.0,
        "b": False,
        "d": DAY,
        "s": "1",
        "m": None,
    }


def test_a_non_number_rejects_its_row_by_excels_row_number() -> None:
    _, (chunk,) = read(workbook(["a", "n"], ["1", 1], ["many", 2], [3, 3]))

    assert chunk.batch is not None
    assert chunk.batch.columns[0].tolist() == [1.0, 3.0]
    assert [(one.line, one.column, one.reason) for one in chunk.rejects] == [(3, "a", 'expected a number, got "many"')]


def test_numbers_in_a_column_of_texts_are_texts() -> None:
    _, (chunk,) = read(workbook(["t", "a"], [7, 1], ["x", 1], [0.5, 1], [True, 1], [None, 1]), T, A)

    assert chunk.batch is not None
    assert chunk.batch.columns[0].tolist() == ["7", "x", "0.5", "true", None]


@pytest.mark.parametrize("value", [DAY, "2024-01-02 03:04:05"])
def test_dates_may_be_features(value: Any) -> None:
    _, (chunk,) = read(workbook(["d"], [value]), Feature("d", "datetime"))

    assert chunk.batch is not None
    assert chunk.batch.columns[0].astype("M8[s]").tolist() == [DAY]


def test_times_and_dates_among_texts_are_texts() -> None:
    rows = kept(workbook(["a", "t", "d"], [1, time(8, 30), DAY], [1, time(9), "soon"], [1, time(10), date(2024, 1, 2)]))

    assert [row["t"] for row in rows] == ["08:30:00", "09:00:00", "10:00:00"]
    assert [row["d"] for row in rows] == ["2024-01-02 03:04:05", "soon", "2024-01-02 00:00:00"]


def test_empty_rows_and_columns_at_the_end_are_none() -> None:
    data = workbook(["a", "n", None, None], [1, 1], [None, None], [3, 3], [None, None, None], [None])

    assert kept(data) == [{"a": 1, "n": 1}, {"a": None, "n": None}, {"a": 3, "n": 3}]


def test_values_after_many_blocks_still_decide_a_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foreseen.adapters.tabular.sources.excel_rows.BLOCK_ROWS", 3)
    rows = [[1, n] for n in range(8)]

    assert [row["n"] for row in kept(workbook(["a", "n"], *rows, [1, "last"]))] == [*map(str, range(8)), "last"]
    assert [row["n"] for row in kept(workbook(["a", "n"], *rows, [1, 0.5]))] == [*map(float, range(8)), 0.5]


def test_a_sheet_may_be_named() -> None:
    data = workbook(["x"], [1], May=[["a"], [5]], June=[["a"], [6]])

    _, (chunk,) = read(data, form=TableForm(sheet="June"))

    assert chunk.batch is not None
    assert chunk.batch.columns[0].tolist() == [6.0]
    with pytest.raises(TableError, match=r"expected a sheet 'July', got 'Sheet', 'May', 'June'"):
        read(data, form=TableForm(sheet="July"))


INVALID = {
    "empty": (workbook(), "expected a first row with the columns' names, got nothing"),
    "without a feature": (workbook(["x"], [1]), "expected a column 'a', got x"),
    "twice": (workbook(["a", "a"], [1, 2]), "expected each column once, got 'a' twice"),
    "damaged": (workbook(["a"], [1])[:-30] + bytes(30), "expected a whole zip archive, got one that is cut off"),
}


@pytest.mark.parametrize("name", INVALID)
def test_a_file_without_a_table_is_reported(name: str) -> None:
    data, said = INVALID[name]

    with pytest.raises(TableError) as caught:
        read(data)

    assert str(caught.value).startswith(f"standard input: {said}")


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Any]:
    """What writes rows of a table into a workbook."""

    def write(columns: dict[str, Any], keep: tuple[str, ...] | None = None) -> bytes:
        table = pa.table(columns)
        signature = Signature((Feature("f"),), kind="regression")
        encoder = table_encoder(
            table.schema,
            path="out.xlsx",
            name="out",
            outputs=outputs_of("predict"),
            signature=signature,
            columns=OutputColumns(keep),
        )
        (batch,) = table.to_batches()
        chunk = Chunk("in", None, batch, list(range(1, table.num_rows + 1)), (), as_text=as_cells)
        spool, out = io.BytesIO(), io.BytesIO()
        spool.write(encoder.begin() + encoder.encode(chunk, Predictions({"prediction": [0.5] * table.num_rows})))
        spool.seek(0)
        encoder.seal(spool, out)
        return out.getvalue()

    with warnings.catch_warnings():
        yield write


VALUES: dict[str, tuple[Any, Any]] = {
    "integers": (pa.array([1, 2**53]), [1, 2**53]),
    "integers that a double does not hold": (pa.array([1, 2**53 + 1]), [1, str(2**53 + 1)]),
    "doubles": (pa.array([0.1, float("inf")]), [0.1, "inf"]),
    "doubles of all digits": (pa.array([0.1 + 0.2, 1e22 / 3, -5e-324]), [0.1 + 0.2, 1e22 / 3, -5e-324]),
    "bools": (pa.array([True, None]), [True, None]),
    "dates": (pa.array([DAY, None], pa.timestamp("ns")), [DAY, None]),
    "dates before excel": (pa.array([datetime(1800, 1, 1)], pa.timestamp("s")), ["1800-01-01 00:00:00"]),  # noqa: DTZ001
    "instants": (pa.array([DAY], pa.timestamp("s", "UTC")), ["2024-01-02 03:04:05Z"]),
    "texts": (pa.array(["=1+1", "#N/A", "007", "a\x01b", ""]), ["=1+1", "#N/A", "007", "a\ufffdb", None]),
    "lists": (pa.array([[1, 2]]), ["[1,2]"]),
}


@pytest.mark.parametrize("name", VALUES)
def test_values_are_read_as_excel_stores_them(name: str, written: Any) -> None:
    values, expected = VALUES[name]

    sheet = openpyxl.load_workbook(io.BytesIO(written({"x": values}))).worksheets[0]

    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0] == ("x", "prediction")
    assert [row[0] for row in rows[1:]] == expected
    assert {row[1] for row in rows[1:]} == {0.5}
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)


def test_the_same_rows_are_the_same_bytes(written: Any) -> None:
    assert written({"x": [1, 2]}) == written({"x": [1, 2]})


def test_rows_beyond_the_size_of_a_sheet_are_rejected(written: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excel_limits, "MOST_ROWS", 2)

    with pytest.raises(TableError, match=r"^out: expected at most 2 rows in an Excel workbook, got more"):
        written({"x": [1, 2, 3]})


def test_a_text_beyond_the_size_of_a_cell_is_rejected(written: Any) -> None:
    expected = r"^in, line 2: expected column 'x' to hold at most 32,767 characters a cell, got 32,768"
    with pytest.raises(TableError, match=expected):
        written({"x": [None, "x" * 32_768]})


def test_an_oversized_text_may_be_in_a_dropped_column(written: Any) -> None:
    assert written({"x": ["x" * 32_768], "y": [1]}, ("y",))


def test_unnamed_and_repeated_columns_are_named_as_in_csv() -> None:
    schema, (chunk,) = read(workbook(["a", "x", None, "x", None, "y"], [1, 2, 3, 4, 5, 6]), Feature("a"))

    assert schema.names == ["a", "x", "Unnamed: 2", "x.1", "Unnamed: 4", "y"]
    assert record_batch_of(chunk).num_rows == 1
    with pytest.raises(TableError, match="expected each column once, got 'a' twice"):
        read(workbook(["a", "b", "a"], [1, 2, 3]), Feature("a"))
