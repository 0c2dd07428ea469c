"""The cells of CSV bodies are those that RFC 4180 and Python's own reader see in them."""

import csv
import io
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreseen.entrypoints.http.protocols.forms.csv_body_rows import csv_rows
from foreseen.entrypoints.http.responses.problems import Rejection

CELLS = st.text(alphabet='",\r\n ab0\t\0é', max_size=5)
TABLES = st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=5)


def rows_of(text: str) -> list[list[str]]:
    return [list(row) for row in csv_rows(text)]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", []),
        ("\n\r\n\r", []),
        ("a,b\n1,2", [["a", "b"], ["1", "2"]]),
        ("a,b\r\n1,2\r\n", [["a", "b"], ["1", "2"]]),
        ("a\r1\r", [["a"], ["1"]]),
        ("a,\n,1\n", [["a", ""], ["", "1"]]),
        ("a,", [["a", ""]]),
        (",", [["", ""]]),
        ('"a","b""c"\n', [["a", 'b"c']]),
        ('"a\r\nb",c', [["a\r\nb", "c"]]),
        ('"a,b"', [["a,b"]]),
        ('""\n', [[""]]),
        ('a\n""', [["a"], [""]]),
        (" a , b ", [[" a ", " b "]]),
    ],
)
def test_each_row_has_its_cells(text: str, rows: list[list[str]]) -> None:
    assert rows_of(text) == rows


@pytest.mark.parametrize(
    ("text", "line"),
    [('"a', 1), ('a\n"b\nc', 2), ('a"b', 1), ('a\r\nb\r"c"d\n', 3), ('"a" ,b', 1), ('a,"', 1), ('"""', 1)],
)
def test_misplaced_quotation_marks_are_rejected_by_line(text: str, line: int) -> None:
    with pytest.raises(Rejection) as rejected:
        rows_of(text)

    assert rejected.value.status == 400
    assert rejected.value.detail.endswith(f"got another in line {line}")


# Unless it writes all of them, Python quotes only the line ends that it writes.
@settings(deadline=None)
@given(
    TABLES,
    st.sampled_from(
        [("\n", csv.QUOTE_ALL), ("\r", csv.QUOTE_ALL), ("\r\n", csv.QUOTE_ALL), ("\r\n", csv.QUOTE_MINIMAL)]
    ),
)
def test_what_python_writes_is_read(table: list[list[str]], form: tuple[str, int]) -> None:
    assert rows_of(written(table, *form)) == table


@settings(deadline=None)
@given(TABLES, st.sampled_from(["\n", "\r\n"]))
def test_a_last_line_needs_no_end(table: list[list[str]], end: str) -> None:
    assert rows_of(written(table, end, csv.QUOTE_ALL).removesuffix(end)) == table


def test_very_many_quotation_marks_take_linear_time() -> None:
    """Each of 10^6 marks would otherwise be looked for from each place."""
    with pytest.raises(Rejection):
        rows_of('"' + '""' * 500_000 + "a")


def written(table: Iterable[Sequence[str]], end: str, quoting: int) -> str:
    cells = io.StringIO()
    csv.writer(cells, lineterminator=end, quoting=quoting).writerows(table)  # type: ignore[arg-type]
    return cells.getvalue()
