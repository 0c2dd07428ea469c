"""CSV out: the cells that were read, exactly, then what the model said; a file that is there whole or not at all."""

import csv
import io
import os
import stat
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreseen.adapters.tabular.csv_reader import CsvReader
from foreseen.adapters.tabular.csv_writer import CsvWriter, RejectsWriter, added_columns, whole_file
from foreseen.domain.errors import TableError
from foreseen.domain.signature import Feature, Signature
from foreseen.domain.table import Reject

TEXTS = Signature((Feature("t", dtype="string"),))


def _written(data: str, bodies: list[bytes], added: list[str]) -> str:
    """Copy a table with an answer beside each of its rows."""
    out = io.BytesIO()
    reader = CsvReader(io.BytesIO(data.encode()), name="in.csv", signature=TEXTS)
    writer = CsvWriter(out, reader.columns, name="out.csv", added=added)
    for chunk in reader:
        writer.write(chunk, bodies)
    return out.getvalue().decode()


def _one(body: bytes, *added: str) -> list[str]:
    """Give the cells that one answer adds."""
    rows = list(csv.reader(io.StringIO(_written("t\nx\n", [body], list(added)), newline="")))
    assert rows[0] == ["t", *added]
    assert rows[1][0] == "x"
    return rows[1][1:]


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
    assert _one(body, "prediction") == [ANSWERS[body]]


def test_each_class_has_its_probability_whatever_their_order() -> None:
    columns = added_columns(["predict", "predict_proba"], ["no", "yes"])
    body = b'{"prediction":"no","probabilities":{"yes":0.25,"no":0.75}}'

    assert columns == ["prediction", "probability_no", "probability_yes"]
    assert _one(body, *columns) == ["no", "0.75", "0.25"]


def test_probabilities_without_classes_are_one_cell() -> None:
    columns = added_columns(["predict_proba"], [])

    assert columns == ["probabilities"]
    assert _one(b'{"probabilities":[{"0":0.5,"1":0.5}]}', *columns) == ['[{"0":0.5,"1":0.5}]']
    assert _one(b'{"probabilities":{"0":0.5,"1":0.5}}', *columns) == ['{"0":0.5,"1":0.5}']


@pytest.mark.parametrize("column", ["prediction", "probability_1"])
def test_an_input_that_has_the_added_column_is_refused(column: str) -> None:
    with pytest.raises(TableError, match=f"out.csv: expected an input without a column '{column}'"):
        CsvWriter(io.BytesIO(), ["t", column], name="out.csv", added=added_columns(["predict", "predict_proba"], ["1"]))


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)


@given(
    st.lists(st.tuples(CELL.filter(bool), CELL), min_size=1, max_size=12),
    st.lists(CELL, min_size=2, max_size=2, unique=True),
)
@settings(max_examples=200, deadline=None)
def test_every_cell_comes_out_as_it_went_in(rows: list[tuple[str, str]], extra: list[str]) -> None:
    header = ["t", *(f"column {name}" for name in extra)]
    given_rows = [[a, b, a + b] for a, b in rows]
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([header, *given_rows])

    out = _written(text.getvalue(), [b'{"prediction":1}'] * len(rows), ["prediction"])

    assert list(csv.reader(io.StringIO(out, newline=""))) == [
        [*header, "prediction"],
        *([*row, "1"] for row in given_rows),
    ]


def test_rejects_say_line_column_and_reason_beside_the_row() -> None:
    out = io.BytesIO()
    writer = RejectsWriter(out, name="rejects.csv")
    writer.write([])
    writer.write([Reject(3, "a", 'expected a number, got "x"', '1,"x"')])

    assert list(csv.reader(io.StringIO(out.getvalue().decode()))) == [
        ["line", "column", "reason", "row"],
        ["3", "a", 'expected a number, got "x"', '1,"x"'],
    ]


def _fail_half_way(path: Path, error: BaseException) -> None:
    with whole_file(path) as file:
        file.write(b"half")
        raise error


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


class Full(io.RawIOBase):
    """A disk without room."""

    def write(self, data: Any) -> int:
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    "make",
    [lambda: CsvWriter(Full(), ["a"], name="out.csv", added=["p"]), lambda: RejectsWriter(Full(), name="out.csv")],  # type: ignore[arg-type]
    ids=["rows", "rejects"],
)
def test_a_full_disk_is_told_of(make: Any) -> None:
    with pytest.raises(TableError, match=r"out.csv: cannot be written: No space left on device"):
        make()


def test_a_whole_file_has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    with whole_file(path) as file:
        file.write(b"half")
        file.flush()
        assert not path.exists()
        file.write(b" and whole")

    assert path.read_bytes() == b"half and whole"
    assert _names(tmp_path) == ["out.csv"]


@pytest.mark.parametrize(
    "error", [RuntimeError("x"), KeyboardInterrupt(), TableError("x"), BrokenPipeError()], ids=repr
)
def test_a_file_that_is_not_finished_leaves_nothing_behind(error: BaseException, tmp_path: Path) -> None:
    with pytest.raises(type(error)):
        _fail_half_way(tmp_path / "out.csv", error)

    assert _names(tmp_path) == []


def test_a_file_that_is_not_finished_leaves_the_one_before_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_bytes(b"before")

    with pytest.raises(RuntimeError):
        _fail_half_way(path, RuntimeError())

    assert path.read_bytes() == b"before"
    assert _names(tmp_path) == ["out.csv"]


def test_a_new_file_may_be_read_as_any_other(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        with whole_file(tmp_path / "out.csv"):
            pass
    finally:
        os.umask(mask)

    assert stat.S_IMODE((tmp_path / "out.csv").stat().st_mode) == 0o640


def test_a_folder_that_is_away_is_told_of(tmp_path: Path) -> None:
    with (
        pytest.raises(TableError, match=r"out.csv: cannot be written: No such file"),
        whole_file(tmp_path / "x" / "out.csv"),
    ):
        pass


def test_a_folder_is_no_file_to_write(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="cannot be written: Is a directory"), whole_file(tmp_path):
        pass

    assert tmp_path.is_dir()


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    path, got = tmp_path / "pipe", []
    os.mkfifo(path)
    reader = Thread(target=lambda: got.append(path.read_bytes()))
    reader.start()

    with whole_file(path) as file:
        file.write(b"through")
    reader.join(timeout=10)

    assert got == [b"through"]
    assert path.is_fifo()
