"""Chunks of a slow model in pieces: shown, kept and stopped between them, and written as if there were none."""

import io
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from foreseen.adapters.cache.memory.no_cache import NoCache
from foreseen.adapters.spool.journal.journal import Extent, Step, origin_line, piece_line, read_journal, step_line
from foreseen.adapters.spool.run_identity.run_identity import Origin
from foreseen.adapters.tabular.csv.csv_encoder import CsvEncoder
from foreseen.adapters.tabular.csv.csv_reader import CsvReader
from foreseen.adapters.tabular.writing.added_columns import added_columns
from foreseen.adapters.tabular.writing.compressed_encoder import CompressedEncoder
from foreseen.domain.counters import Tally
from foreseen.domain.errors import PredictionError
from foreseen.domain.model.call_size import ANY_SIZE, CallSize
from foreseen.domain.model.model_thread import ModelThread
from foreseen.domain.tables.table import Piece, Reject, Scored, Written
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.predictions import Predictions
from foreseen.entrypoints.batch.pace import FIRST_ROWS, PIECE_S, Pace
from foreseen.entrypoints.batch.score_table import score
from support.fakes import FLOWER, Clock, FakePredictor
from support.model_outputs import outputs_of
from support.wired_use_cases import wired_bulk_predict

ROWS = 2_000
TABLE = "length,width\n" + "".join(f"{row},{'x' if row % 500 == 3 else 1}\n" for row in range(ROWS))

if TYPE_CHECKING:
    from foreseen.domain.values.json_type import Json


class Choosy(FakePredictor):
    """Fails on some lengths, and knows the least that it has seen."""

    least = float(ROWS)

    def predict(self, batch: Batch) -> Predictions:
        self.least = min(self.least, float(batch.columns[0].min()))
        if (batch.columns[0] % 700 == 5).any():
            self.calls.append(len(batch))
            raise PredictionError("the model failed")
        return super().predict(batch)


@dataclass
class Every:
    """Pieces of so many rows."""

    rows: int

    def end(self, start: int, count: int) -> int:
        return min(start + self.rows, count)

    def begin(self) -> Callable[[int], None]:
        return lambda _: None


@dataclass
class Held:
    """A sink that keeps all in memory, its pieces too."""

    scored: Scored = field(default_factory=Scored)
    data: bytes = b""
    rejects: list[Reject] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)

    def write(self, rows: Written, rejects: Sequence[Reject], scored: Scored) -> None:
        self.data += rows
        self.rejects += rejects
        self.scored = scored
        self.pieces = [piece for piece in self.pieces if piece.chunk >= scored.chunks]

    def note(self, piece: Piece) -> None:
        self.pieces.append(piece)


@pytest.fixture
async def thread() -> AsyncIterator[ModelThread]:
    made = ModelThread()
    yield made
    made.close()


async def scored_into(
    held: Held,
    thread: ModelThread,
    pace: Every | None,
    *,
    stops_after: int | None = None,
    steps: list[Scored] | None = None,
) -> Choosy:
    """Score the table, or what is left of it, and return the model."""
    model = Choosy()
    reader = CsvReader(io.BytesIO(TABLE.encode()), name="in.csv", signature=FLOWER)
    encoder = CompressedEncoder(CsvEncoder(reader.columns, added=added_columns(outputs_of("predict"))), "gzip")
    noted = len(held.pieces)
    await score(
        wired_bulk_predict(model, NoCache(), thread),
        reader,
        encoder,
        held,
        progress=(steps if steps is not None else []).append,
        should_stop=lambda: stops_after is not None and len(held.pieces) - noted >= stops_after,
        pace=pace,
        keeper=held,
    )
    return model


async def test_no_byte_depends_on_the_pieces(thread: ModelThread) -> None:
    whole = Held()
    await scored_into(whole, thread, None)

    for rows in (1, 7, 999, 5_000):
        held = Held()
        await scored_into(held, thread, Every(rows))

        assert (held.data, held.rejects, held.scored) == (whole.data, whole.rejects, whole.scored)
    assert whole.scored == Scored(1, ROWS - 4 - 3, 4 + 3)


async def test_a_run_stopped_within_a_chunk_resumes_there(thread: ModelThread) -> None:
    whole, held = Held(), Held()
    await scored_into(whole, thread, None)

    await scored_into(held, thread, Every(100), stops_after=12)
    assert (held.data, held.scored, len(held.pieces)) == (b"", Scored(), 12)
    rest = await scored_into(held, thread, Every(150))

    assert (held.data, held.rejects, held.scored) == (whole.data, whole.rejects, whole.scored)
    assert rest.least == 1_203  # of the rows before, three could not be read


async def test_pieces_come_back_from_the_journal_bit_by_bit() -> None:
    outputs: dict[str, Sequence[Json]] = {
        "prediction": [0.1, -0.0, float("inf"), 2**70, True, None, "é\ud800"],
        "probabilities": [{"a": 1e-308}] * 7,
    }
    piece = Piece(3, 10, 19, outputs, {11: ("expected 1", True), 18: ("the model failed", False)})
    line, check = piece_line(piece, "before")

    assert line.endswith(f',"check":"{check}"}}\n'.encode())
    assert repr(read_back(piece)) == repr(piece)


def read_back(piece: Piece) -> Piece:
    first, check = origin_line(Origin((), "m", {}), replaces=False)
    second, check = step_line(Step(Scored(3), Extent(), Extent()), check)
    old, check = piece_line(Piece(2, 0, 1, {"prediction": [1]}, {}), check)
    third, _ = piece_line(piece, check)
    journal = read_journal(first + second + old + third, name="j")
    assert journal is not None
    assert journal.step.scored == Scored(3)
    (back,) = journal.pieces
    return back


async def test_rows_are_shown_before_their_chunk_is_written(thread: ModelThread) -> None:
    steps: list[Scored] = []

    await scored_into(Held(), thread, Every(400), steps=steps)

    assert [step.rows + step.rejected for step in steps] == [400, 800, 1200, 1600, ROWS]
    assert [step.chunks for step in steps] == [0, 0, 0, 0, 1]


class TestPieceSizes:
    def pace(self, row_s: float, size: CallSize = ANY_SIZE) -> tuple[Pace, Clock, Tally]:
        clock, tally = Clock(), Tally()
        return Pace(row_s, size, tally, clock=clock), clock, tally

    def test_a_fast_model_gets_one_small_piece_then_whole_chunks(self) -> None:
        pace, clock, _ = self.pace(8e-6)

        assert pace.end(0, 24_576) == FIRST_ROWS
        learn = pace.begin()
        clock.pass_s(0.01)
        learn(FIRST_ROWS)
        assert pace.end(FIRST_ROWS, 24_576) == 24_576
        assert pace.end(0, 24_576) == 24_576

    def test_a_slow_model_has_pieces_of_about_a_second(self) -> None:
        pace, _, _ = self.pace(0.02)

        assert pace.end(0, 24_576) == 50
        assert pace.end(50, 24_576) == 100
        assert pace.end(24_500, 24_576) == 24_576

    def test_a_piece_ends_where_a_call_ends(self) -> None:
        steady = CallSize(fixed=32)

        assert self.pace(0.02, steady)[0].end(0, 24_576) == 32
        assert self.pace(0.5, steady)[0].end(0, 24_576) == 32
        pace, clock, _ = self.pace(0.0, CallSize(fixed=32, large=8192))
        learn = pace.begin()
        clock.pass_s(0.0004 * 256)
        learn(256)
        assert pace.end(256, 100_000) - 256 == 2 * 1024

    def test_it_learns_from_what_the_last_piece_took(self) -> None:
        pace, clock, tally = self.pace(0.0)
        first = pace.end(0, 100_000)

        learn = pace.begin()
        clock.pass_s(first * 0.1)
        tally.count_model_call(rows=first, seconds=first * 0.05)  # the rest has waited for others
        learn(first)

        assert pace.end(first, 100_000) - first == round(PIECE_S / 0.05)

    def test_rows_that_a_cache_answers_are_no_slow_ones(self) -> None:
        pace, clock, _ = self.pace(0.02)
        learn = pace.begin()
        clock.pass_s(0.001)
        learn(50)

        assert pace.end(50, 24_576) == 24_576
