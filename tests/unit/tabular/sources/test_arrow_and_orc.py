"""Arrow and ORC in and out: columns keep their types, and what is damaged says so."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import feather, orc

from foreseen.adapters.tabular.columns.chunk_rows import record_batch_of
from foreseen.adapters.tabular.open_tables import opened_tables
from foreseen.adapters.tabular.sources import arrow_rows
from foreseen.domain.errors import TableError
from foreseen.domain.tables.table import Chunk
from foreseen.domain.values.signature import Feature, Signature


def arrow(table: pa.Table) -> bytes:
    """Write an Arrow file of two batches."""
    out = io.BytesIO()
    with pa.ipc.new_file(out, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    return out.getvalue()


def stream(table: pa.Table) -> bytes:
    """Write a stream of messages."""
    out = io.BytesIO()
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table)
    return out.getvalue()


def feathers(table: pa.Table) -> bytes:
    """Write as pandas and R do."""
    out = io.BytesIO()
    feather.write_feather(table, out)
    return out.getvalue()


def as_orc(table: pa.Table) -> bytes:
    """Write ORC."""
    out = io.BytesIO()
    orc.write_table(table, out)
    return out.getvalue()


WRITERS: dict[str, Callable[[pa.Table], bytes]] = {"arrow": arrow, "stream": stream, "feather": feathers, "orc": as_orc}
TABLE = pa.table({"x": ["p", "q", "r"], "a": [1, 2, 3], "t": ["u", None, "w"], "n": [0.5, 1.5, None]})


class Pipe(io.BytesIO):
    """What cannot be sought in."""

    def seekable(self) -> bool:
        return False


def read(data: bytes, *features: Feature, keep: list[str] | None = None, is_piped: bool = False) -> list[Chunk]:
    """Read standard input."""
    given = Pipe(data) if is_piped else io.BytesIO(data)
    with opened_tables(["-"], signature=Signature(features), standard_input=given, keep=keep) as tables:
        found = list(tables)
        assert tables.bytes_read in (len(data), 0)  # how much there is of a stream is not known
    return found


@pytest.mark.parametrize("is_piped", [False, True])
@pytest.mark.parametrize("name", WRITERS)
def test_columns_are_found_by_name_and_kept_with_their_types(name: str, is_piped: bool) -> None:
    chunks = read(WRITERS[name](TABLE), Feature("a"), Feature("t", "string", missing=True), is_piped=is_piped)

    assert [value for chunk in chunks if chunk.batch for value in chunk.batch.columns[0].tolist()] == [1, 2, 3]
    assert [row for chunk in chunks for row in record_batch_of(chunk).to_pylist()] == TABLE.to_pylist()
    assert [line for chunk in chunks for line in chunk.lines] == [1, 2, 3]


@pytest.mark.parametrize("name", WRITERS)
def test_only_what_is_wanted_is_read(name: str) -> None:
    chunks = read(WRITERS[name](TABLE), Feature("a"), keep=["n"])

    assert {tuple(record_batch_of(chunk).schema.names) for chunk in chunks} == {("a", "n")}


@pytest.mark.parametrize("name", WRITERS)
def test_a_value_that_does_not_fit_rejects_its_row(name: str) -> None:
    chunks = read(WRITERS[name](TABLE), Feature("n"))

    assert [reject.line for chunk in chunks for reject in chunk.rejects] == [3]


@pytest.mark.parametrize("name", WRITERS)
def test_a_column_whose_type_never_fits_is_one_error(name: str) -> None:
    with pytest.raises(
        TableError, match=r"^standard input: expected column 'x' to hold numbers \(float64\), got string"
    ):
        read(WRITERS[name](TABLE), Feature("x"))


@pytest.mark.parametrize("left", [40, -40])
@pytest.mark.parametrize("name", WRITERS)
def test_a_truncated_file_is_reported_as_such(name: str, left: int) -> None:
    with pytest.raises(
        TableError, match=r"^standard input: expected a whole (Arrow|ORC) file, got one that is truncated"
    ):
        read(WRITERS[name](TABLE)[:left], Feature("a"))


ODD_COLUMNS: dict[str, Any] = {
    "views": pa.array(["p", "q"], pa.string_view()),
    "dictionary": pa.array(["p", "q"]).dictionary_encode(),
    "runs": pa.RunEndEncodedArray.from_arrays(pa.array([1, 2], pa.int32()), pa.array(["p", "q"])),
    "large": pa.array(["p", "q"], pa.large_string()),
}


@pytest.mark.parametrize("name", ODD_COLUMNS)
def test_texts_of_every_form_are_texts(name: str) -> None:
    (chunk,) = read(stream(pa.table({"t": ODD_COLUMNS[name]})), Feature("t", "string"))

    assert chunk.batch is not None
    assert chunk.batch.columns[0].tolist() == ["p", "q"]


@pytest.mark.parametrize("keep", [None, ["n"]])
@pytest.mark.parametrize("name", ["arrow", "stream", "feather"])
def test_a_large_batch_is_read_as_any_other(
    name: str, keep: list[str] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "in.arrow"
    path.write_bytes(WRITERS[name](TABLE))
    monkeypatch.setattr(arrow_rows, "LARGE_BYTES", 0)

    with opened_tables([str(path)], signature=Signature((Feature("a"),)), standard_input=None, keep=keep) as tables:
        chunks = list(tables)

    assert [value for chunk in chunks if chunk.batch for value in chunk.batch.columns[0].tolist()] == [1, 2, 3]
    assert [row["n"] for chunk in chunks for row in record_batch_of(chunk).to_pylist()] == [0.5, 1.5, None]
    assert [line for chunk in chunks for line in chunk.lines] == [1, 2, 3]


@pytest.mark.parametrize("name", ["arrow", "stream"])
def test_no_value_of_a_mapped_batch_is_copied(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "in.arrow"
    path.write_bytes(WRITERS[name](TABLE))
    monkeypatch.setattr(arrow_rows, "LARGE_BYTES", 0)

    with path.open("rb") as file:
        rows = arrow_rows.ArrowRows(file)
        before = pa.total_allocated_bytes()
        batches = list(rows.batches(TABLE.column_names))
        allocated = pa.total_allocated_bytes() - before

    assert pa.Table.from_batches(batches) == TABLE
    assert allocated == 0
