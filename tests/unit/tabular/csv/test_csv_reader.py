"""CSV in: every row comes out as an instance or as a reject, with its line."""

import csv
import io
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreseen.adapters.tabular.columns.chunk_rows import record_batch_of
from foreseen.adapters.tabular.csv import csv_reader
from foreseen.adapters.tabular.csv.csv_reader import CsvReader
from foreseen.adapters.tabular.file_layout import Layout
from foreseen.domain.errors import TableError
from foreseen.domain.tables.csv_dialect import CsvDialect
from foreseen.domain.tables.table import Reject
from foreseen.domain.values.signature import Feature, Signature
from support.example_counts import examples

A, B = Feature("a"), Feature("b")
PLAIN = Layout("csv", None, ",", '"', "utf-8")
TEXT, TEXT_B = Feature("t", dtype="string"), Feature("b", dtype="string")


@dataclass
class Read:
    """What a file came to."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    cells: list[tuple[str, ...]]
    lines: list[int]
    rejects: list[Reject]

    @property
    def rejected(self) -> list[tuple[int, str]]:
        """Line and column of each reject."""
        return [(reject.line, reject.column) for reject in self.rejects]


def read(data: str | bytes, *features: Feature, layout: Layout = PLAIN) -> Read:
    """Read a whole file."""
    raw = data.encode() if isinstance(data, str) else data
    signature = Signature(features or (A, B))
    reader = CsvReader(io.BytesIO(raw), name="in.csv", signature=signature, layout=layout)
    result = Read(reader.columns, [], [], [], [])
    for chunk in reader:
        if chunk.batch is not None:
            result.rows += zip(*(column.tolist() for column in chunk.batch.columns), strict=True)
            result.cells += zip(*(column.to_pylist() for column in record_batch_of(chunk).columns), strict=True)
        result.lines += map(int, chunk.lines)
        result.rejects += chunk.rejects
    assert reader.bytes_read == len(raw)
    return result


def rejection(data: str | bytes, *features: Feature) -> str:
    """Read a file that is none, and give the one line that says why."""
    with pytest.raises(TableError) as caught:
        read(data, *features)
    said = str(caught.value)
    assert said.startswith("in.csv: ")
    assert "\n" not in said
    return said


@pytest.mark.parametrize(
    "data",
    [
        "a,b\n1,2\n3,4\n",
        "a,b\n1,2\n3,4",
        "a,b\r\n1,2\r\n3,4\r\n",
        "\ufeffa,b\n1,2\n3,4\n",
        '"a","b"\n"1","2"\n3,"4"\n',
        "b,a\n2,1\n4,3\n",
        'x,b,"y\nz",a\n9,2,,1\n9,4,,3\n',
        "a,b\n1.0,+2\n3e0,.4e1\n",
        "a,b\n1,2\n3,4\n\n\n",
        "a,b\n1,2\n3,4\n,\n\r\n",
    ],
    ids=repr,
)
def test_the_same_table_in_many_ways_gives_the_same_instances(data: str) -> None:
    found = read(data)

    assert found.rows == [(1.0, 2.0), (3.0, 4.0)]
    assert found.rejects == []


def test_every_cell_is_kept_as_it_was_written() -> None:
    found = read('b,note,a\n2.50,"x, ""y""\nz",+1\n')

    assert found.columns == ("b", "note", "a")
    assert found.cells == [("2.50", 'x, "y"\nz', "+1")]


def test_text_and_tensors_are_read_as_such() -> None:
    found = read('t,image\n"Ål, ""no""","[[1, 2.5]]"\n', TEXT, Feature("image", shape=(1, 2)))

    assert found.rows == [('Ål, "no"', [[1.0, 2.5]])]


def test_a_blank_line_is_a_reject_except_at_the_end() -> None:
    found = read("a,b\n1,2\n\n3,4\n\n\n")

    assert found.lines == [2, 4]
    assert found.rejects == [Reject("in.csv", 3, "", "expected a row, got nothing", ",")]


def test_blank_lines_before_a_last_bad_row_are_rejects() -> None:
    assert read("a,b\n1,2\n\n7\n\n").rejected == [(3, ""), (4, "")]


def test_rows_of_another_length_keep_their_text() -> None:
    found = read("a,b\n1,2\n3\n4,5,6\n7,8\n")

    assert found.lines == [2, 5]
    assert found.rejects == [
        Reject("in.csv", 3, "", "expected 2 cells, got 1", "3"),
        Reject("in.csv", 4, "", "expected 2 cells, got 3", "4,5,6"),
    ]


def test_a_quoted_newline_moves_the_lines_below_it() -> None:
    found = read('a,b,c\n1,2,"x\ny"\n1,"2\n",z\n1,2,"p\nq",4\n1,2,3\n')

    assert found.lines == [2, 8]
    assert found.rejected == [(4, "b"), (6, "")]


def test_a_header_of_two_lines_moves_the_lines_below_it() -> None:
    assert read('"a\nx",a,b\n0,1,2\n').lines == [3]


CELLS = {
    "text": ("x", "a number"),
    "nothing": ("", "a number"),
    "missing": ("nan", "a number"),
    "spaces within": ("1 0", "a number"),
    "thousands": ('"1,000"', "a number"),
    "hexadecimal": ("0x10", "a number"),
    "underscores": ("1_000", "a number"),
    "other digits": ("\u0661", "a number"),
    "infinity": ("inf", "a number"),
    "too large": ("1e999", "a finite float64 number"),
    "beyond exact integers": (str(2**53 + 1), "an integer from -2^53 to 2^53"),
    "thousands of digits": ("9" * 5000, "an integer from -2^53 to 2^53"),
}


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_that_is_no_number_rejects_its_row_alone(name: str) -> None:
    cell, expected = CELLS[name]

    found = read(f"a,b\n1,2\n3,{cell}\n5,6\n")

    assert found.rows == [(1.0, 2.0), (5.0, 6.0)]
    (reject,) = found.rejects
    assert (reject.line, reject.column) == (3, "b")
    assert reject.reason.startswith(f"expected {expected}, got ")
    assert reject.row == f"3,{cell}"


def test_the_first_column_at_fault_is_reported() -> None:
    assert read("a,b\nx,y\n1,2\n").rejected == [(2, "a")]


def test_a_file_of_bad_rows_is_read_to_its_end() -> None:
    found = read("a,b\nx,1\n2,y\n")

    assert found.rows == []
    assert found.rejected == [(2, "a"), (3, "b")]


@pytest.mark.parametrize("data", ["a,b\n", "a,b", "a,b\n\n", "a,b\n,\n,\n\n"], ids=repr)
def test_a_header_without_rows_is_an_empty_table(data: str) -> None:
    found = read(data)

    assert (found.rows, found.rejects) == ([], [])


def test_the_largest_exact_integers_are_taken() -> None:
    assert read(f"a,b\n{2**53},{-(2**53)}\n").rows == [(2.0**53, -(2.0**53))]


def test_a_missing_number_is_one_where_it_may_be_missing() -> None:
    found = read("a,b\n,1\nnan,2\nNaN,3\n4,4\n", Feature("a", missing=True), B)

    assert [row[1] for row in found.rows] == [1.0, 2.0, 3.0, 4.0]
    assert np.isnan([row[0] for row in found.rows]).tolist() == [True, True, True, False]


def test_a_missing_string_is_not_an_empty_one() -> None:
    assert read("a,t\n1,\n", A, Feature("t", dtype="string", missing=True)).rows == [(1.0, None)]
    assert read("a,t\n1,\n", A, TEXT).rows == [(1.0, "")]


def test_integers_and_bools_require_their_dtype() -> None:
    found = read(
        "n,f\n127,true\n128,1\n1.5,0\n-128,FALSE\n1,yes\n", Feature("n", dtype="int8"), Feature("f", dtype="bool")
    )

    assert found.rows == [(127, True), (-128, False)]
    assert found.rejected == [(3, "n"), (4, "n"), (6, "f")]


@pytest.mark.parametrize("cell", ["[1]", "[1,2,3]", "[1,null]", "[1,NaN]", "[1,1e999]", "x", "", "[[1],[2]]"])
def test_a_tensor_that_does_not_fit_rejects_its_row_alone(cell: str) -> None:
    found = read(f'image\n"[1,2]"\n"{cell}"\n"[3,4]"\n', Feature("image", shape=(2,)))

    assert found.rows == [([1.0, 2.0],), ([3.0, 4.0],)]
    assert found.rejected == [(3, "image")]


def test_a_tensor_out_of_its_bounds_rejects_its_row_alone() -> None:
    found = read('image\n"[1,256]"\n"[255,0]"\n', Feature("image", dtype="uint8", shape=(2,)))

    assert found.rows == [([255, 0],)]
    assert [reject.reason for reject in found.rejects] == ["expected an integer from 0 to 255, got 256"]


def test_tensors_longer_than_a_block_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_reader, "BLOCK_BYTES", 1 << 20)
    cell = "[" + ",".join(["0.12345678901234567"] * 80_000) + "]"

    found = read(f'image,n\n"{cell}",1\n"{cell}",2\n"{cell}",x\n', Feature("image", shape=(80_000,)), Feature("n"))

    assert len(cell) > csv_reader.BLOCK_BYTES
    assert [row[1] for row in found.rows] == [1.0, 2.0]
    assert found.rejected == [(4, "n")]


def test_one_column_is_a_table_too() -> None:
    found = read("a\n1\n\n2\n\n", A)

    assert found.rows == [(1.0,), (2.0,)]
    assert found.rejected == [(3, "")]


REJECTED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "expected a header line with the columns' names, got nothing"),
    "blank header": (b"\n1,2\n", "expected a header line"),
    "only a mark": (b"\xef\xbb\xbf", "expected a header line"),
    "column twice": (b"a,b,a\n1,2,3\n", "expected each column once, got 'a' twice"),
    "missing column": (b"a,c\n1,2\n", "expected a column 'b', got a, c"),
    "similarly named": (b"a,bb\n1,2\n", "did you mean 'bb'?"),
    "other delimiter": (b"a;b\n1;2\n", "expected a column 'a', got a;b"),
    "not UTF-8, header": (b"a,b\xe5\n1,2\n", "line 1: expected UTF-8, got the bytes e5; --encoding names another"),
    "not UTF-8, row": (b"a,b,c\n1,2,\xe5\n", "line 2: expected UTF-8, got the bytes e5"),
    "UTF-16": ("a,b\n1,2\n".encode("utf-16"), "expected UTF-8"),
    "Parquet": (b"PAR1\x15\x04\xff\xfe", "expected UTF-8"),
    "one endless line": (b"x" * 200_000, "expected a column 'a', got xxx"),
}


@pytest.mark.parametrize("name", REJECTED)
def test_a_file_without_a_table_is_rejected_in_one_line(name: str) -> None:
    data, expected = REJECTED[name]

    assert expected in rejection(data)


@pytest.mark.parametrize(
    "data",
    ['a,b\n1,"2\n3,4\n5,6\n', 'a,b\n1,2\n3,"4', 'a,b\n1,2\n"3\n4,5\n', 'a,b\n1,"', 'a,b\n1,2\n3,"4 ""\n5'],
    ids=repr,
)
def test_a_file_that_ends_within_quotes_is_no_table(data: str) -> None:
    line = next(n for n, text in enumerate(data.split("\n"), 1) if '"' in text)

    said = f'in.csv: line {line}: expected a closing ", got the end of the file; --quote none'
    assert rejection(data, A, TEXT_B).startswith(said)


@pytest.mark.parametrize(
    "data", ['a,b\n1,"2"\n', 'a,b\n1,"2"', 'a,b\n5,6" pipe\n1,2', 'a,b\n5,6" pipe\n1,"2\n"\n'], ids=repr
)
def test_closed_quotes_or_quotes_within_cells_cut_nothing_off(data: str) -> None:
    assert read(data, A, TEXT_B).rejects == []


def test_an_unclosed_quote_ends_the_run_with_its_place() -> None:
    data = 'a,b\n1,2\n3,"' + "4,5\n" * 3_000_000

    assert rejection(data, A, TEXT_B).startswith(
        'in.csv: line 3: expected a closing ", got none on the next 1,000 lines'
    )


def test_a_row_of_very_many_cells_is_a_reject() -> None:
    found = read("a,b\n1,2\n" + "7," * 299_999 + "7\n3,4\n")

    assert found.rows == [(1.0, 2.0), (3.0, 4.0)]
    assert [(one.line, one.reason) for one in found.rejects] == [(3, "expected 2 cells, got 300000")]


def test_a_row_larger_than_a_block_is_one_error() -> None:
    said = rejection("a,b\n1,2\n" + "7.25," * 999_999 + "7\n3,4\n")

    assert said.startswith("in.csv: line 3: expected rows of at most 1,000 lines and 1 MiB, got a longer one; --quote")


def test_nul_characters_reject_their_rows_and_stay_in_text() -> None:
    found = read("a,t\n1,x\0y\n\0\0,z\n\0\0\0\n4,\n", A, TEXT)

    assert found.rows == [(1.0, "x\0y"), (4.0, "")]
    assert [(one.line, one.reason) for one in found.rejects] == [
        (3, 'expected a number, got "\\u0000\\u0000"'),
        (4, "expected 2 cells, got 1"),
    ]


def test_a_hint_never_names_a_column_that_another_feature_takes() -> None:
    assert "did you mean" not in rejection("width1,x\n1,2\n", Feature("width1"), Feature("width2"))


def test_a_failing_disk_is_reported() -> None:
    class Failing(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(TableError, match=r"in.csv: cannot be read: Input/output error"):
        CsvReader(Failing(), name="in.csv", signature=Signature((A,)))  # type: ignore[arg-type]


def test_a_hundred_thousand_rows_keep_their_lines_across_blocks() -> None:
    bad = {7, 8192, 8193, 50_001, 99_999}
    rows = [f"{n},{'x' if n in bad else n}" if n % 1000 else f'{n},{n},"much\ntoo\nmuch"' for n in range(1, 100_001)]

    found = read("a,b\n" + "\n".join(rows) + "\n\n\n")

    def line(n: int) -> int:
        return 1 + n + 2 * ((n - 1) // 1000)

    assert found.rejected == [
        (line(n), "b" if n in bad else "") for n in range(1, 100_001) if n in bad or n % 1000 == 0
    ]
    assert found.lines == [line(int(row[0])) for row in found.rows]
    assert len(found.rows) == 100_000 - 5 - 100


def _plainly_read(data: str) -> list[tuple[int, list[str]]]:
    """Return line and cells of each row below the header, without the blank ones at the end."""
    reader, rows, before = csv.reader(io.StringIO(data, newline="")), [], 0
    for cells in reader:
        rows.append((before + 1, cells))
        before = reader.line_num
    rows = rows[1:]
    while rows and rows[-1][1] in ([], ["", ""]):
        rows.pop()
    return rows


CELL = st.text(alphabet='ab1.,"\n ', max_size=6)
ROW = st.lists(CELL, min_size=0, max_size=4)


@given(st.lists(ROW, max_size=30), st.integers(64, 400), st.booleans())
@settings(max_examples=examples(66), deadline=None)
def test_lines_and_cells_are_those_that_a_plain_reading_gives(
    rows: list[list[str]], block: int, ends_in_newline: bool
) -> None:
    """Python's csv module, one row at a time, is the reference; blocks are made small, so that rows lie across them."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([["t", "u"], ["x", "y"], *rows])
    data = text.getvalue() if ends_in_newline else text.getvalue()[:-1]
    expected = _plainly_read(data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_reader, "BLOCK_BYTES", block)
        layout = replace(PLAIN, dialect=CsvDialect(is_quote_chosen=True))
        found = read(data, TEXT, Feature("u", dtype="string"), layout=layout)

    good = [(line, tuple(cells)) for line, cells in expected if len(cells) == 2 and any(cells)]
    assert list(zip(found.lines, found.cells, strict=True)) == good
    assert [reject.line for reject in found.rejects] == [
        line for line, cells in expected if len(cells) != 2 or not any(cells)
    ]


def test_a_byte_order_mark_within_a_file_is_a_character(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foreseen.adapters.tabular.csv.csv_reader.BLOCK_BYTES", 8)
    cells = ["\ufeffx", "y", "\ufeffzzzz", "\ufeff", "w"] * 4

    result = read("\ufefft,b\n" + "".join(f"{cell},\ufeff\n" for cell in cells), TEXT, TEXT_B)

    assert result.rows == [(cell, "\ufeff") for cell in cells]
