"""Parts: where they are cut, and what of them is sent."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from foreseen.adapters.tabular.columns.chunk_rows import as_cells
from foreseen.domain.errors import PredictionError, TableError
from foreseen.domain.tables.done_part import DonePart, Place
from foreseen.domain.tables.table import Chunk, Reject, Scored
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.signature import Feature, Signature
from foreseen.entrypoints.ray.driver.packing import packed, unpacked
from foreseen.entrypoints.ray.parts import parts
from foreseen.entrypoints.ray.parts.parts import Outcome, Part, parts_of

SIGNATURE = Signature((Feature("x"), Feature("word", "string", missing=True)))
COLUMNS = ("x", "word")
SCHEMA = pa.schema([(name, pa.string()) for name in COLUMNS])


def chunk(first: int, count: int) -> Chunk:
    """Return some rows, their table a slice of a long one."""
    numbers = [float(first + row) for row in range(count)]
    words = [None if row % 2 else f"w{row}" for row in range(count)]
    long = pa.record_batch({"x": [str(float(n)) for n in range(100_000)], "word": ["w"] * 100_000})
    table = long.slice(first, count)
    batch = Batch.of(SIGNATURE, {"x": numbers, "word": words})
    return Chunk("in.csv", batch, table, range(first + 2, first + count + 2), (), as_text=as_cells)


class Reader:
    """A table of given chunks."""

    columns = COLUMNS
    schema = SCHEMA

    def __init__(self, *chunks: Chunk) -> None:
        self.bytes_read = 0
        self._chunks = chunks

    def __iter__(self) -> Iterator[Chunk]:
        for each in self._chunks:
            self.bytes_read += 10
            yield each


def cut(*chunks: Chunk) -> list[Part]:
    return list(parts_of(Reader(*chunks), 3))


def test_a_part_ends_with_the_chunk_that_fills_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PART_ROWS", 20)

    found = cut(*(chunk(first, 8) for first in range(0, 56, 8)))

    assert [str(part.place) for part in found] == ["00003-00000", "00003-00001", "00003-00002"]
    assert [[next(iter(each.lines)) for each in part.chunks] for part in found] == [[2, 10, 18], [26, 34, 42], [50]]
    assert [part.bytes_read for part in found] == [40, 70, 70]
    assert [part.is_last for part in found] == [False, False, True]


def test_wide_rows_make_shorter_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PART_BYTES", 1)

    assert len(cut(chunk(0, 8), chunk(8, 8))) == 2


def test_an_input_without_rows_is_a_part_for_its_header() -> None:
    (part,) = cut()

    assert (part.chunks, str(part.place), part.is_last) == ([], "00003-00000", True)


def test_places_are_in_order_as_their_names_are() -> None:
    places = [Place(source, part) for source in (0, 2, 11) for part in (0, 9, 10)]

    assert max(places) == places[-1]
    assert sorted(map(str, places)) == list(map(str, places))


def test_a_part_arrives_unchanged_without_the_rows_around_it() -> None:
    rejects = [Reject("in.csv", 7, "x", "expected a number, got 'a'", "a,b")]
    one = chunk(1000, 8)
    unread = Chunk("in.csv", None, None, (), rejects, as_text=as_cells)
    sent = Part(Place(0, 1), SCHEMA, [replace(one, rejects=rejects), unread], 9, is_last=False)

    data = packed(sent)
    got: Any = unpacked(data)

    assert len(data) < 5_000
    assert (got.place, got.schema, got.columns, got.bytes_read) == (sent.place, SCHEMA, COLUMNS, 9)
    first, second = got.chunks
    assert first.table.equals(one.table)
    assert one.batch is not None
    assert [column.tolist() for column in first.batch.columns] == [column.tolist() for column in one.batch.columns]
    assert (list(first.lines), first.rejects, second.batch) == (list(one.lines), rejects, None)
    assert first.reject(2, "no") == one.reject(2, "no")


def test_the_outcome_and_errors_of_a_part_arrive_unchanged() -> None:
    outcome = Outcome(DonePart(Place(0, 1), Scored(1, 2, 3), 4, True, 5), "host/5", [6.0])

    assert unpacked(packed(outcome)) == outcome
    for error in (TableError("in.csv: cut"), PredictionError("the model failed")):
        got = unpacked(packed(error))
        assert (type(got), str(got)) == (type(error), str(error))
