"""A stream takes results as they come, and rejects where there is a place for them."""

import io
from typing import Any

import pytest

from foreseen.adapters.spool.stream_sink import StreamSink
from foreseen.adapters.tabular.csv.csv_encoder import CsvEncoder, CsvRejectsEncoder
from foreseen.adapters.tabular.writing.added_columns import added_columns
from foreseen.domain.errors import TableError
from foreseen.domain.tables.table import Reject, Scored
from support.model_outputs import outputs_of

REJECT = Reject("in.csv", 3, "a", "expected 1", "x")


class Full(io.RawIOBase):
    """A disk without room."""

    def write(self, data: Any) -> int:
        raise OSError(28, "No space left on device")


def sink(stream: Any, rejects: Any) -> StreamSink:
    """Make one that begins with a header."""
    return StreamSink(
        stream,
        lambda _: rejects,
        name="out.csv",
        encoder=CsvEncoder(["a"], added=added_columns(outputs_of("predict"), prediction="p")),
        rejects_encoder=CsvRejectsEncoder(),
    )


def test_rows_and_rejects_are_written_as_they_come() -> None:
    out, aside = io.BytesIO(), io.BytesIO()
    made = sink(out, aside)

    made.write(b"1,2\n", [REJECT], Scored(1, 1, 1))
    made.write(b"3,4\n", [], Scored(2, 2, 1))

    assert out.getvalue() == b"a,p\n1,2\n3,4\n"
    assert aside.getvalue() == b"in.csv,3,a,expected 1,x\n"
    assert made.scored == Scored(2, 2, 1)


def test_rows_whose_reject_cannot_be_written_are_not_written() -> None:
    out = io.BytesIO()
    made = sink(out, Full())
    made.write(b"1,2\n", [], Scored(1, 1, 0))

    with pytest.raises(TableError, match=r"rejects: cannot be written"):
        made.write(b"3,4\n", [REJECT], Scored(2, 2, 1))

    assert out.getvalue() == b"a,p\n1,2\n"


def test_a_full_disk_is_reported() -> None:
    with pytest.raises(TableError, match=r"out.csv: cannot be written: No space left on device"):
        sink(Full(), io.BytesIO())
    with pytest.raises(TableError, match=r"rejects: cannot be written: No space left on device"):
        sink(io.BytesIO(), Full()).write(b"", [REJECT], Scored(1))
