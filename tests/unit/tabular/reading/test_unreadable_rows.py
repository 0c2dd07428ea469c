"""Rows that cannot be read are found by column: as many as there are, each for its first fault."""

import io
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from foreseen.adapters.tabular.columns.chunk_rows import as_cells, record_batch_of
from foreseen.adapters.tabular.csv.csv_reader import CsvReader
from foreseen.adapters.tabular.jsonl.jsonl_reader import JsonlReader
from foreseen.adapters.tabular.reading.required_columns import read_columns, readable
from foreseen.domain.tables.table import Chunk
from foreseen.domain.values.signature import Feature, Signature

AB = Signature((Feature("a"), Feature("b", dtype="int64"), Feature("c", dtype="string")))


def csv_chunks(text: str) -> Sequence[Chunk]:
    return list(CsvReader(io.BytesIO(text.encode()), name="in.csv", signature=AB))


def test_a_row_is_rejected_for_its_first_bad_column() -> None:
    (chunk,) = csv_chunks("a,b,c\nx,y,1\n1,y,2\n2,3,4\nz,5,6\n")

    assert [(one.line, one.column, one.row) for one in chunk.rejects] == [
        (2, "a", "x,y,1"),
        (3, "b", "1,y,2"),
        (5, "a", "z,5,6"),
    ]
    assert chunk.batch
    assert [column.tolist() for column in chunk.batch.columns] == [[2.0], [3], ["4"]]
    assert record_batch_of(chunk).to_pylist() == [{"a": "2", "b": "3", "c": "4"}]
    assert chunk.lines == [4]


def test_later_columns_of_a_rejected_row_are_not_read() -> None:
    seen: list[int] = []

    def read(feature: Feature, values: pa.Array) -> tuple[np.ndarray, dict[int, str]]:
        seen.append(len(values))
        return np.zeros(len(values)), {0: "expected another"} if feature.name != "c" else {}

    table = pa.record_batch([pa.array(range(5))] * 3, names=list(AB.names))
    found = read_columns(AB, table, read)

    assert seen == [5, 4, 3]
    assert found.rejected == {0: ("a", "expected another"), 1: ("b", "expected another")}
    assert found.kept.tolist() == [2, 3, 4]
    assert {len(column) for column in found.columns.values()} == {3}


def test_a_chunk_of_unreadable_rows_has_no_batch() -> None:
    (chunk,) = csv_chunks("a,b,c\n" + "x,1,2\n" * 50)

    assert chunk.batch is None
    assert len(chunk.rejects) == 50
    assert {one.reason for one in chunk.rejects} == {'expected a number, got "x"'}


def test_an_odd_cell_is_read_once_for_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def read_text(_: Feature, text: str) -> float:
        read.append(text)
        return 1.5

    monkeypatch.setattr("foreseen.adapters.tabular.columns.text_columns.read_text", read_text)
    csv_chunks("a,b,c\n" + "x,1,2\n" * 50)

    assert read == ["x", "x"]  # among the first rows, and among all


def test_rejects_of_json_lines_are_shown_as_they_were() -> None:
    lines = ['{"a":1,"b":2,"c":"d"}', '{"a":"x","b":2,"c":"d\\n"}', '{"a":1,"b":"y","c":""}']
    chunks = JsonlReader(io.BytesIO("\n".join(lines).encode()), name="in.jsonl", signature=AB)

    assert [one.row for chunk in chunks for one in chunk.rejects] == lines[1:]


def test_rows_with_quotes_newlines_and_nothing_are_lines_of_csv() -> None:
    table = pa.record_batch([pa.array(["a,b", 'say "x"', None, "two\nlines"]), pa.array([1, None, 2, 3])], names="ab")

    assert as_cells(table, [3, 0, 1, 2]) == ['"two\nlines",3', '"a,b",1', '"say ""x""",', ",2"]


def test_without_rejects_the_chunk_is_unchanged() -> None:
    table = pa.record_batch([pa.array(["1"]), pa.array(["2"]), pa.array(["d"])], names=list(AB.names))
    whole = Chunk("in.csv", None, table, [2], (), as_text=as_cells)
    found = read_columns(AB, table, lambda feature, values: (values.to_pylist(), {}))

    assert readable(Signature((Feature("a", dtype="string"),)), whole, found).table is table
