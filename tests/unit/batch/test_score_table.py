"""Scoring a table: every row comes out, in order, as a prediction or as a reject."""

import csv
import io
from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from foreseen.adapters.cache.memory.no_cache import NoCache
from foreseen.adapters.spool.stream_sink import StreamSink
from foreseen.adapters.tabular.csv.csv_encoder import CsvEncoder, CsvRejectsEncoder
from foreseen.adapters.tabular.csv.csv_reader import CsvReader
from foreseen.adapters.tabular.writing.added_columns import added_columns
from foreseen.domain.bulk.bulk import BulkPredict
from foreseen.domain.errors import InvalidBatchError, TableError, Violation
from foreseen.domain.model.model_thread import ModelThread
from foreseen.domain.ports import Cache
from foreseen.domain.tables.table import Reject, Scored, Written
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.predictions import Predictions
from foreseen.entrypoints.batch.score_table import score
from support.fakes import DictCache, FakePredictor
from support.model_outputs import outputs_of
from support.wired_use_cases import wired_bulk_predict

HEADER = "length,width\n"


class Picky(FakePredictor):
    """Rejects every batch that holds a length below zero."""

    def predict(self, batch: Batch) -> Predictions:
        """Reject, or answer as ever."""
        if min(batch.columns[0].tolist()) < 0:
            self.calls.append(len(batch))
            raise InvalidBatchError([Violation("a length", "less")])
        return super().predict(batch)


@pytest.fixture
async def predict_with() -> AsyncIterator[Callable[[FakePredictor, Cache], BulkPredict]]:
    """The use case around a model and a cache, its thread ended when the test is over."""
    thread = ModelThread()
    yield lambda predictor, cache: wired_bulk_predict(predictor, cache, thread)
    thread.close()


async def scored(
    predict: BulkPredict, data: str, steps: list[Scored] | None = None
) -> tuple[list[list[str]], list[list[str]], Scored]:
    """Score a table, and give its rows, its rejects and the count."""
    out, aside = io.BytesIO(), io.BytesIO()
    reader = CsvReader(io.BytesIO(data.encode()), name="in.csv", signature=predict.predictor.info.signature)
    encoder = CsvEncoder(reader.columns, added=added_columns(outputs_of("predict")))
    sink = StreamSink(out, lambda _: aside, name="out.csv", encoder=encoder, rejects_encoder=CsvRejectsEncoder())
    count = await score(predict, reader, encoder, sink, progress=(steps if steps is not None else []).append)
    return _rows(out)[1:], [row[1:] for row in _rows(aside)], count


def _rows(stream: io.BytesIO) -> list[list[str]]:
    return list(csv.reader(io.StringIO(stream.getvalue().decode(), newline="")))


async def test_rows_keep_their_order_whatever_becomes_of_them(predict_with: Callable[..., BulkPredict]) -> None:
    predict = predict_with(Picky(), NoCache())

    rows, rejects, count = await scored(predict, HEADER + "1,1\n-2,1\nx,1\n4,1\n-5,1\n6\n7,1\n")

    assert rows == [["1", "1", "2.0"], ["4", "1", "5.0"], ["7", "1", "8.0"]]
    assert [(row[0], row[1], row[3]) for row in rejects] == [
        ("3", "", "-2,1"),
        ("4", "length", "x,1"),
        ("6", "", "-5,1"),
        ("7", "", "6"),
    ]
    assert count == Scored(1, rows=3, rejected=4)


async def test_a_model_that_rejects_every_row_rejects_every_row(predict_with: Callable[..., BulkPredict]) -> None:
    rows, rejects, count = await scored(predict_with(Picky(), NoCache()), HEADER + "-1,1\n" * 5)

    assert rows == []
    assert [row[0] for row in rejects] == ["2", "3", "4", "5", "6"]
    assert count == Scored(1, 0, 5)


async def test_one_rejected_row_among_many_is_found_in_few_calls(predict_with: Callable[..., BulkPredict]) -> None:
    model = Picky()
    data = HEADER + "".join(f"{n},1\n" if n != 700 else "-1,1\n" for n in range(1000))

    rows, rejects, _ = await scored(predict_with(model, NoCache()), data)

    assert len(rows) == 999
    assert [row[0] for row in rejects] == ["702"]
    assert len(model.calls) < 25


async def test_rows_that_are_the_same_are_computed_once(predict_with: Callable[..., BulkPredict]) -> None:
    model = FakePredictor()

    rows, _, _ = await scored(predict_with(model, DictCache()), HEADER + "1,2\n1.0,2\n3,4\n1,2.00\n")

    assert [row[2] for row in rows] == ["3.0", "3.0", "7.0", "3.0"]
    assert model.rows == 2


async def test_a_second_run_never_reaches_the_model(predict_with: Callable[..., BulkPredict]) -> None:
    model, cache = FakePredictor(), DictCache()
    first = await scored(predict_with(model, cache), HEADER + "1,2\n3,4\n")

    assert await scored(predict_with(model, cache), HEADER + "1,2\n3,4\n") == first
    assert model.rows == 2


async def test_progress_is_shown_after_each_chunk(predict_with: Callable[..., BulkPredict]) -> None:
    steps: list[Scored] = []

    _, _, count = await scored(predict_with(FakePredictor(), NoCache()), HEADER + "1,1\n" * 150_000, steps)

    assert [step.rows for step in steps] == sorted({step.rows for step in steps})
    assert len(steps) >= 3
    assert steps[-1] == count == Scored(len(steps), 150_000, 0)


async def test_an_empty_table_is_scored_without_the_model(predict_with: Callable[..., BulkPredict]) -> None:
    model = FakePredictor()

    assert await scored(predict_with(model, NoCache()), HEADER) == ([], [], Scored())
    assert model.calls == []


async def test_a_result_that_cannot_be_written_ends_the_run(predict_with: Callable[..., BulkPredict]) -> None:
    class Full:
        scored = Scored()

        def write(self, rows: Written, rejects: Sequence[Reject], scored: Scored) -> None:
            raise TableError("full")

    predict = predict_with(FakePredictor(), NoCache())
    reader = CsvReader(io.BytesIO(b"length,width\n1,1\n"), name="in.csv", signature=predict.predictor.info.signature)

    with pytest.raises(TableError, match="full"):
        await score(
            predict,
            reader,
            CsvEncoder(reader.columns, added=added_columns(outputs_of("predict"))),
            Full(),
            progress=lambda _: None,
        )
