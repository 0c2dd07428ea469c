"""The counter of CSV rows agrees with the reader, wherever the parts of a body end."""

import csv
import io
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreseen.entrypoints.http.protocols.forms.csv_body_rows import csv_rows
from foreseen.entrypoints.http.protocols.forms.csv_counter import CsvCounter
from foreseen.entrypoints.http.responses.problems import Rejection

CELLS = st.text(alphabet='",\r\n a', max_size=5)
TABLES = st.lists(st.lists(CELLS, min_size=1, max_size=3), min_size=2, max_size=6)
MANY = 10**6


def rejection(body: bytes, *, max_rows: int = MANY, max_values: int = MANY, cuts: list[int]) -> str:
    """Feed a body in parts that end at the cuts, and return the kind of its rejection; empty if there is none."""
    counter = CsvCounter(max_rows, max_values)
    try:
        for start, end in pairwise([0, *sorted(cuts), len(body)]):
            counter.feed(body[start:end])
    except Rejection as exc:
        return exc.kind
    return ""


@settings(deadline=None)
@given(st.data(), TABLES, st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
def test_a_body_is_rejected_exactly_beyond_the_limits(
    data: st.DataObject, table: list[list[str]], end: str, quoting: int
) -> None:
    cells = io.StringIO()
    csv.writer(cells, lineterminator=end, quoting=quoting).writerows(table)  # type: ignore[arg-type]
    body = cells.getvalue().encode()
    cuts = data.draw(st.lists(st.integers(0, len(body)), max_size=8))
    rows = list(csv_rows(body.decode()))
    instances, values = len(rows) - 1, sum(map(len, rows))

    assert rejection(body, max_rows=instances, max_values=values, cuts=cuts) == ""
    assert rejection(body, max_rows=instances - 1, cuts=cuts) == "too-many-instances"
    assert rejection(body, max_values=values - 1, cuts=cuts) == "too-many-values"


@pytest.mark.parametrize("body", [b"", b"\n\n\n", b"a\n\n\n1\n\n", b'a\n"1\n2\n3"', b"\r\n\r\na\r\n1"])
def test_blank_lines_and_lines_within_cells_are_no_rows(body: bytes) -> None:
    assert rejection(body, max_rows=1, cuts=[]) == ""
    assert rejection(body, max_rows=1, cuts=list(range(len(body)))) == ""
