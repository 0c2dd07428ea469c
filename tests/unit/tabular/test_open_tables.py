"""Several files are one table: the columns of the first, and the rows of all in order."""

import io
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from foreseen.adapters.tabular.columns.chunk_rows import record_batch_of
from foreseen.adapters.tabular.open_tables import opened_tables
from foreseen.domain.errors import TableError
from foreseen.domain.tables.table_format import TableForm
from foreseen.domain.values.signature import Feature, Signature

SIGNATURE = Signature((Feature("a"), Feature("b")))


def read(
    *paths: Any, stdin: bytes = b"", form: TableForm | None = None
) -> tuple[tuple[str, ...], list[Any], list[Any]]:
    """Read files as one table: its columns, its rows with their source, and its rejects."""
    names = [str(path) for path in paths]
    rows: list[Any] = []
    rejects: list[Any] = []
    with opened_tables(
        names, signature=SIGNATURE, standard_input=io.BytesIO(stdin), form=form or TableForm()
    ) as tables:
        columns = tables.columns
        for chunk in tables:
            rejects += [(reject.source, reject.line) for reject in chunk.rejects]
            if chunk.batch is not None:
                cells = zip(*(column.to_pylist() for column in record_batch_of(chunk).columns), strict=True)
                rows += [(Path(chunk.source).name, *row) for row in cells]
        size = sum(Path(name).stat().st_size for name in names if Path(name).is_file())
        assert tables.bytes_read == size + len(stdin)
    return columns, rows, rejects


def rejection(*paths: Any, stdin: bytes = b"") -> str:
    """Return the one line that says why files are no table."""
    with pytest.raises(TableError) as caught:
        read(*paths, stdin=stdin)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """A file."""
    path = tmp_path / "1.csv"
    path.write_text("a,x,b\n1,p,2\n")
    return path


def test_columns_stand_in_the_order_of_the_first_file(one: Path, tmp_path: Path) -> None:
    (tmp_path / "2.csv").write_text("x,b,a\nq,4,3\nr,6,\n")

    assert read(one, tmp_path / "2.csv") == (
        ("a", "x", "b"),
        [("1.csv", "1", "p", "2"), ("2.csv", "3", "q", "4")],
        [(str(tmp_path / "2.csv"), 3)],
    )


def test_standard_input_may_stand_among_files(one: Path) -> None:
    _, rows, rejects = read(one, "-", stdin=b"b,a,x\n8,7,s\n?,7,s\n")

    assert rows == [("1.csv", "1", "p", "2"), ("standard input", "7", "s", "8")]
    assert rejects == [("standard input", 3)]


def test_csv_tsv_and_compressed_files_go_together(one: Path, tmp_path: Path) -> None:
    (tmp_path / "2.tsv").write_text("a\tx\tb\n3\tq,\t4\n")

    assert read(one, tmp_path / "2.tsv")[1] == [("1.csv", "1", "p", "2"), ("2.tsv", "3", "q,", "4")]


def test_a_pipe_is_read_once(one: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    if not os.fork():
        (tmp_path / "pipe.csv").write_text("a,x,b\n3,q,4\n")
        os._exit(0)

    with opened_tables(
        [str(one), str(tmp_path / "pipe.csv")], signature=SIGNATURE, standard_input=io.BytesIO()
    ) as both:
        assert [record_batch_of(chunk).num_rows for chunk in both] == [1, 1]
    os.wait()


def test_parquet_may_come_by_a_pipe() -> None:
    out = io.BytesIO()
    pq.write_table(pa.table({"a": [1.0], "b": [2.0]}), out)

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    with opened_tables(
        ["-"], signature=SIGNATURE, standard_input=Pipe(out.getvalue()), form=TableForm("parquet")
    ) as found:
        assert [record_batch_of(chunk).to_pylist() for chunk in found] == [[{"a": 1.0, "b": 2.0}]]


def test_a_new_field_of_a_later_file_is_a_reject(tmp_path: Path) -> None:
    (tmp_path / "1.jsonl").write_text('{"a":1,"b":2}\n')
    (tmp_path / "2.jsonl").write_text('{"b":4,"a":3}\n{"a":5,"b":6,"x":7}\n')

    _, rows, rejects = read(tmp_path / "1.jsonl", tmp_path / "2.jsonl")

    assert rows == [("1.jsonl", "1", "2"), ("2.jsonl", "3", "4")]
    assert rejects == [(str(tmp_path / "2.jsonl"), 2)]


OTHERS: dict[str, tuple[str, str, str]] = {
    "a column more": ("2.csv", "a,x,b,y\n1,2,3,4\n", "expected the columns of {one}, got 'y' as well"),
    "a column less": ("2.csv", "a,b\n1,2\n", "expected the columns of {one}, got none 'x' (a, b)"),
    "without a feature": ("2.csv", "a,x\n1,2\n", "expected a column 'b', got a, x"),
    "empty": ("2.csv", "", "expected a header line with the columns' names, got nothing"),
    "another format": ("2.jsonl", '{"a":1,"b":2}\n', "expected CSV, as {one} is, got JSON Lines"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_file_unlike_the_first_is_rejected_before_any_row(name: str, one: Path, tmp_path: Path) -> None:
    file, data, said = OTHERS[name]
    (tmp_path / file).write_text(data)

    assert rejection(one, tmp_path / file) == f"{tmp_path / file}: {said.format(one=one)}"


def test_columns_of_another_type_are_rejected(tmp_path: Path) -> None:
    for name, values in (("1", [1]), ("2", ["1"])):
        pq.write_table(pa.table({"a": [1.0], "b": [1.0], "x": values}), tmp_path / f"{name}.parquet")

    said = rejection(tmp_path / "1.parquet", tmp_path / "2.parquet")

    assert said.endswith(
        f"expected column 'x' to hold int64, as in {tmp_path / '1.parquet'}, got string; --keep leaves columns out"
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("away.csv", "expected a file of rows, got no such file"),
        ("away.parquet", "expected a file of rows, got no such file"),
        ("folder.jsonl", "expected a file of rows, got a directory"),
    ],
)
def test_a_path_without_a_file_is_reported(name: str, said: str, one: Path, tmp_path: Path) -> None:
    (tmp_path / "folder.jsonl").mkdir()

    assert rejection(tmp_path / name) == f"{tmp_path / name}: {said}"
