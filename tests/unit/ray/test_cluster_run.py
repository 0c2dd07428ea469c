"""What the command adds up: each part once, and all of them, or none."""

from dataclasses import replace

import pyarrow as pa
import pytest

from foreseen.domain.counters import MODEL_ROWS, SIZE, Tally
from foreseen.domain.errors import PredictionError, TooManyRejectsError
from foreseen.domain.tables.done_part import DonePart, Place, first_missing
from foreseen.domain.tables.notices import Notice, Notices
from foreseen.domain.tables.table import Scored
from foreseen.entrypoints.ray.cluster_errors import ClusterError
from foreseen.entrypoints.ray.cluster_run import ClusterRun
from foreseen.entrypoints.ray.parts.parts import Outcome

SCHEMA = pa.schema([("x", pa.float64())])


def part(source: int, number: int, *, is_last: bool = False, rejected: int = 0) -> DonePart:
    return DonePart(Place(source, number), Scored(1, 10, rejected), 100 * (number + 1), is_last, 5)


def outcome(done: DonePart) -> Outcome:
    counts = [0.0] * SIZE
    counts[MODEL_ROWS] = 10.0
    return Outcome(done, "host/1", counts)


class Recorded:
    """Parts that are done."""

    def __init__(self, *done: DonePart) -> None:
        self.done = {each.place: each for each in done}

    def add(self, done: DonePart) -> None:
        self.done[done.place] = done


def run_of(
    recorded: Recorded, *, sources: int = 2, max_rejects: int | None = None, notices: Notices | None = None
) -> tuple[ClusterRun, Tally]:
    tally = Tally()
    return ClusterRun(SCHEMA, recorded, tally, notices or Notices(), sources=sources, max_rejects=max_rejects), tally


def test_each_part_is_counted_once_in_whatever_order_they_come() -> None:
    run, tally = run_of(Recorded())
    seen: list[Scored] = []
    parts = [part(1, 0, is_last=True), part(0, 1, is_last=True), part(0, 0), part(0, 0)]

    run(map(outcome, parts), seen.append)

    assert run.scored == Scored(3, 30, 0)
    assert [scored.rows for scored in seen] == [10, 20, 30, 30]
    assert (tally.counts[MODEL_ROWS], run.bytes_read, run.workers) == (30, 300, {"host/1"})


@pytest.mark.parametrize(
    "parts", [[part(0, 0, is_last=True)], [part(0, 0, is_last=True), part(1, 0)], [part(0, 1, is_last=True)]]
)
def test_a_part_that_never_came_fails_the_run(parts: list[DonePart]) -> None:
    run, _ = run_of(Recorded())

    with pytest.raises(ClusterError, match=r"Ray: expected every part, got none of 0000\d-0000\d"):
        run(map(outcome, parts), lambda _: None)


def test_finished_parts_of_an_earlier_run_are_not_repeated() -> None:
    run, _ = run_of(Recorded(part(0, 0, is_last=True), part(1, 0)), sources=3)

    assert (run.before, run.scored) == (Scored(2, 20, 0), Scored(2, 20, 0))
    assert (list(run.sources_left), run.bytes_read) == ([1, 2], 200)
    assert first_missing(Recorded(part(1, 0)).done, 1) == Place(1, 1)


def test_notices_of_an_earlier_and_this_run_are_summed() -> None:
    notices = Notices()
    first, second = (replace(part(0, n, is_last=n == 1), notices=(Notice("odd", "x", 2, "a"),)) for n in (0, 1))
    run, _ = run_of(Recorded(first), sources=1, notices=notices)

    run([outcome(second)], lambda _: None)

    assert notices.listed() == [Notice("odd", "x", 4, "a")]


def test_too_many_rejects_or_an_error_end_the_run() -> None:
    run, _ = run_of(Recorded(part(0, 0, rejected=2)), max_rejects=3)
    with pytest.raises(TooManyRejectsError, match="rejected more than 3 rows"):
        run([outcome(part(0, 1, rejected=2, is_last=True))], lambda _: None)

    run, _ = run_of(Recorded())
    with pytest.raises(PredictionError, match="no such luck"):
        run([PredictionError("no such luck")], lambda _: None)
