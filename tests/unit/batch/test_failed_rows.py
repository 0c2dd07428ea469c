"""Rows on which the model fails: found among their neighbours, rejected or named, and never too many in a row."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Sequence

import numpy as np
import pytest

from foreseen.adapters.cache.memory.no_cache import NoCache
from foreseen.adapters.predictor.scikit_learn.sklearn_predictor import SklearnPredictor
from foreseen.adapters.spool.stream_sink import StreamSink
from foreseen.adapters.tabular.csv.csv_encoder import CsvEncoder, CsvRejectsEncoder
from foreseen.adapters.tabular.csv.csv_reader import CsvReader
from foreseen.adapters.tabular.writing.added_columns import added_columns
from foreseen.adapters.tabular.writing.compressed_encoder import CompressedEncoder
from foreseen.domain.errors import FailedRowError, ModelEndedError, PredictionError
from foreseen.domain.model.call_size import CallSize
from foreseen.domain.model.fixed_batch_size import FixedSizePredictor
from foreseen.domain.model.model_thread import ModelThread
from foreseen.domain.ports import Predictor
from foreseen.domain.tables.table import Scored
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.predictions import Predictions
from foreseen.entrypoints.batch.chunk_answers import DEFAULT_POLICY, FailurePolicy
from foreseen.entrypoints.batch.concurrent_calls import ConcurrentCalls
from foreseen.entrypoints.batch.on_error import OnError
from foreseen.entrypoints.batch.score_table import score
from support.fakes import FLOWER, info_of
from support.model_outputs import outputs_of
from support.wired_use_cases import wired_bulk_predict

HEADER = "length,width\n"


class OwnError(Exception):
    """A class of the user's own."""


class Raising:
    """Doubles a length, and raises what is set for it."""

    def __init__(self, raised: dict[float, BaseException]) -> None:
        self.raised = raised
        self.sizes: set[int] = set()

    def predict(self, rows: np.ndarray) -> list[float]:
        self.sizes.add(len(rows))
        for length in rows[:, 0]:
            if length in self.raised:
                raise self.raised[length]
        return [float(length) * 2 for length in rows[:, 0]]


class FailsEveryRow(Raising):
    """Has lost what it needs."""

    def __init__(self, error: BaseException, *, above: float = -1) -> None:
        super().__init__({})
        self.error, self.above = error, above

    def predict(self, rows: np.ndarray) -> list[float]:
        if (rows[:, 0] > self.above).any():
            raise self.error
        return super().predict(rows)


@pytest.fixture
async def thread() -> AsyncIterator[ModelThread]:
    made = ModelThread()
    yield made
    made.close()


async def scored(
    model: object, data: str, thread: ModelThread, policy: FailurePolicy = DEFAULT_POLICY, *, rows_per_call: int = 4
) -> tuple[Sequence[list[str]], Sequence[list[str]], Scored]:
    """Score a table by a model; return its rows, its rejects and the count."""
    caller = SklearnPredictor(model, signature=FLOWER, outputs=["predict"])
    predictor = FixedSizePredictor(caller, info_of(call_size=CallSize(fixed=rows_per_call)))
    return await scored_by(predictor, data, thread, policy)


async def scored_by(
    predictor: Predictor, data: str, thread: ModelThread, policy: FailurePolicy = DEFAULT_POLICY
) -> tuple[Sequence[list[str]], Sequence[list[str]], Scored]:
    """Score a table by a predictor."""
    out, aside = io.BytesIO(), io.BytesIO()
    reader = CsvReader(io.BytesIO(data.encode()), name="in.csv", signature=FLOWER)
    encoder = CsvEncoder(reader.columns, added=added_columns(outputs_of("predict")))
    sink = StreamSink(out, lambda _: aside, name="out.csv", encoder=encoder, rejects_encoder=CsvRejectsEncoder())
    predict = wired_bulk_predict(predictor, NoCache(), thread)
    count = await score(predict, reader, encoder, sink, progress=lambda _: None, policy=policy)
    return rows_of(out.getvalue())[1:], rows_of(aside.getvalue()), count


def rows_of(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


def table(lengths: Sequence[float]) -> str:
    return HEADER + "".join(f"{length},1\n" for length in lengths)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (KeyError("Zanzibar"), "the model failed in predict: KeyError: 'Zanzibar'"),
        (TypeError("no number"), "the model failed in predict: TypeError: no number"),
        (OwnError("mine"), "the model failed in predict: OwnError: mine"),
        (SystemExit(0), "the model failed in predict: SystemExit: 0"),
        (MemoryError("1 TiB"), "the model failed in predict: MemoryError: 1 TiB"),
        (ValueError("unknown"), "expected values that the model accepts, got its error: unknown"),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, BaseException) else "",
)
async def test_whatever_is_raised_on_a_row_rejects_that_row_alone(
    error: BaseException, reason: str, thread: ModelThread
) -> None:
    model = Raising({70.0: error})

    rows, rejects, count = await scored(model, table(range(100)), thread)

    assert [row[2] for row in rows] == [str(2.0 * length) for length in range(100) if length != 70]
    assert rejects == [["in.csv", "72", "", reason, "70,1"]]
    assert count == Scored(1, 99, 1)


async def test_failing_rows_are_found_in_calls_of_the_models_size(thread: ModelThread) -> None:
    model = Raising({float(length): KeyError("x") for length in (3, 50, 51, 99)})

    rows, rejects, _ = await scored(model, table(range(100)), thread, rows_per_call=32)

    assert [row[1] for row in rejects] == ["5", "52", "53", "101"]
    assert len(rows) == 96
    assert model.sizes == {32}


async def test_a_row_with_no_or_two_answers_is_rejected_alone(thread: ModelThread) -> None:
    class Dropping:
        """Drops rows without a width, as dropna does."""

        def predict(self, rows: np.ndarray) -> list[float]:
            return [float(length) for length, width in rows if width > 0]

    _, rejects, count = await scored(Dropping(), HEADER + "1,1\n2,0\n3,1\n", thread, rows_per_call=1)

    assert [(row[1], row[3]) for row in rejects] == [("3", "expected 1 rows from predict, one answer each, got 0")]
    assert count == Scored(1, 2, 1)


async def test_a_run_stopped_by_a_failure_names_the_row(thread: ModelThread) -> None:
    model = Raising({70.0: KeyError("x"), 90.0: KeyError("y")})

    with pytest.raises(FailedRowError, match=r"^in.csv, line 72: the model failed in predict: KeyError: 'x'$"):
        await scored(model, table(range(100)), thread, FailurePolicy(OnError.STOP))


async def test_a_model_that_always_fails_ends_early(thread: ModelThread) -> None:
    model = FailsEveryRow(OSError("no connection"))

    with pytest.raises(PredictionError) as caught:
        await scored(model, table(range(300)), thread, FailurePolicy(most_in_a_row=50))

    assert str(caught.value) == (
        "in.csv, line 2: the model failed in predict: OSError: no connection; the model failed on 50 consecutive rows "
        "from there, so the run ended; --max-rejects N allows as many"
    )


async def test_a_model_that_breaks_on_the_way_stops_the_run(thread: ModelThread) -> None:
    model = FailsEveryRow(OSError("no connection"), above=100)

    with pytest.raises(PredictionError, match=r"^in.csv, line 103: .*50 consecutive rows"):
        await scored(model, table(range(300)), thread, FailurePolicy(most_in_a_row=50))


async def test_consecutive_rejects_after_an_answer_stop_nothing(thread: ModelThread) -> None:
    model = FailsEveryRow(ValueError("unknown category"), above=100)

    rows, rejects, _ = await scored(model, table(range(300)), thread, FailurePolicy(most_in_a_row=50))

    assert (len(rows), len(rejects)) == (101, 199)


async def test_a_file_rejected_from_the_start_ends_early(thread: ModelThread) -> None:
    model = FailsEveryRow(ValueError("unknown category"))

    with pytest.raises(PredictionError, match=r"^in.csv, line 2: expected values .*unknown category; the model failed"):
        await scored(model, table(range(300)), thread, FailurePolicy(most_in_a_row=50))


async def test_failures_in_a_row_are_counted_across_chunks(thread: ModelThread) -> None:
    wide = "length,width,note\n" + "".join(f"{length},1,{'x' * 1000}\n" for length in range(5_000))
    model = FailsEveryRow(OSError("no connection"), above=900)

    with pytest.raises(PredictionError, match=r"^in.csv, line 903: .* 3,000 consecutive rows"):
        await scored(model, wide, thread, FailurePolicy(most_in_a_row=3_000), rows_per_call=64)


async def test_failed_rows_leave_compressed_output_unchanged(thread: ModelThread) -> None:
    """A chunk is compressed as one, however often its rows were tried."""
    reader = CsvReader(io.BytesIO(table(range(100)).encode()), name="in.csv", signature=FLOWER)
    caller = SklearnPredictor(Raising({70.0: KeyError("x")}), signature=FLOWER, outputs=["predict"])
    predict = wired_bulk_predict(FixedSizePredictor(caller, info_of(call_size=CallSize(fixed=4))), NoCache(), thread)
    encoder = CompressedEncoder(CsvEncoder(reader.columns, added=added_columns(outputs_of("predict"))), "gzip")
    out = io.BytesIO()
    sink = StreamSink(
        out, lambda _: io.BytesIO(), name="out.csv.gz", encoder=encoder, rejects_encoder=CsvRejectsEncoder()
    )

    await score(predict, reader, encoder, sink, progress=lambda _: None)

    assert out.getvalue().count(b"\x1f\x8b\x08") == 2  # the header, and the chunk


class Ending:
    """A model whose process ends with a batch that holds one of some lengths; counts how often."""

    def __init__(self, *lengths: float) -> None:
        self.info = info_of()
        self.lengths = lengths
        self.endings = 0

    def predict(self, batch: Batch) -> Predictions:
        lengths = batch.columns[0]
        if np.isin(lengths, self.lengths).any():
            self.endings += 1
            raise ModelEndedError("the model's process ended with exit code 0")
        return Predictions({"prediction": [float(length) * 2 for length in lengths]})


async def test_rows_that_end_the_process_are_found_with_few_ends(thread: ModelThread) -> None:
    model = Ending(1_234.0, 5_000.0)

    rows, rejects, count = await scored_by(model, table(range(20_000)), thread)

    assert [(row[1], row[3]) for row in rejects] == [
        ("1236", "the model's process ended with exit code 0 when it was given this row alone"),
        ("5002", "the model's process ended with exit code 0 when it was given this row alone"),
    ]
    assert len(rows) == 19_998
    assert count == Scored(1, 19_998, 2)
    assert model.endings <= 9


async def test_a_process_that_runs_out_of_memory_loses_no_row(thread: ModelThread) -> None:
    class Hungry(Ending):
        def predict(self, batch: Batch) -> Predictions:
            if len(batch) > 1_000:
                raise ModelEndedError("the model's process was ended by SIGKILL")
            return super().predict(batch)

    _, rejects, count = await scored_by(Hungry(), table(range(20_000)), thread)

    assert (rejects, count) == ([], Scored(1, 20_000, 0))


async def test_an_exclusive_call_waits_and_delays_new_ones() -> None:
    calls, order = ConcurrentCalls(), list[str]()
    free = asyncio.Event()

    async def beside(name: str) -> None:
        async with calls.beside_others():
            order.append(f"{name} begins")
            await free.wait()
            order.append(f"{name} ends")

    async def alone() -> None:
        async with calls.alone():
            order.append("alone")

    tasks = [asyncio.create_task(beside("first"))]
    await asyncio.sleep(0)
    tasks += [asyncio.create_task(alone()), asyncio.create_task(beside("second"))]
    await asyncio.sleep(0)
    free.set()
    await asyncio.gather(*tasks)

    assert order == ["first begins", "first ends", "alone", "second begins", "second ends"]
