"""Counters of what was answered from where."""

import math
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreseen.domain.counters import (
    CORRUPT,
    HITS_L1,
    MAX_REASONS,
    REJECTED,
    ROW_BOUNDS,
    SIZE,
    Tally,
)


def changed(tally: Tally) -> dict[int, float]:
    """Return the places that are not zero."""
    return {place: tally.counts[place] for place in range(SIZE) if tally.counts[place]}


def test_answers_add_up() -> None:
    tally = Tally()
    tally.count_answer(l1=3, l2=2, missed=0, coalesced=1)
    tally.count_answer(l1=0, l2=1, missed=1, coalesced=0)

    assert (tally.hits_l1, tally.hits_l2, tally.misses, tally.coalesced) == (3, 3, 1, 1)
    assert tally.hit_ratio == 0.75
    assert len(changed(tally)) == 4


def test_model_calls_add_up() -> None:
    tally = Tally()
    tally.count_model_call(rows=2, seconds=0.5)
    tally.count_model_call(rows=3, seconds=0.25)

    assert (tally.model_calls, tally.model_rows, tally.model_seconds) == (2, 5, 0.75)
    assert len(changed(tally)) == 4  # two groups, the rows, the seconds


@pytest.mark.parametrize(
    ("rows", "group"), [(1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (1023, 10), (1024, 10), (1025, 11), (10**6, 11)]
)
def test_a_model_call_counts_among_those_of_its_size(rows: int, group: int) -> None:
    tally = Tally()
    tally.count_model_call(rows=rows, seconds=0)

    assert [calls for calls in enumerate(tally.model_calls_by_rows) if calls[1]] == [(group, 1)]


@given(st.integers(1, 5000))
def test_a_model_call_is_within_the_bounds_of_its_group(rows: int) -> None:
    tally = Tally()
    tally.count_model_call(rows=rows, seconds=0)

    group = tally.model_calls_by_rows.index(1)
    below, *bounds = (0, *ROW_BOUNDS, math.inf)
    assert (below, *bounds)[group] < rows <= bounds[group]


def test_a_rejected_request_counts_under_its_reason_alone() -> None:
    tally = Tally()
    tally.count_rejected(0)
    tally.count_rejected(MAX_REASONS - 1)
    tally.count_rejected(0)

    assert changed(tally) == {REJECTED: 2, REJECTED + MAX_REASONS - 1: 1}


@pytest.mark.parametrize("reason", [-1, MAX_REASONS])
def test_a_reason_outside_the_row_is_rejected(reason: int) -> None:
    tally = Tally()
    with pytest.raises(ValueError, match=f"expected a reason from 0 to {MAX_REASONS - 1}, got {reason}"):
        tally.count_rejected(reason)

    assert changed(tally) == {}


def test_counting_continues_a_row_and_leaves_the_rest_of_it() -> None:
    row = memoryview(bytearray((SIZE + 1) * 8)).cast("d")
    row[HITS_L1] = 40
    row[SIZE] = 7

    tally = Tally(row)
    tally.count_answer(l1=2, l2=0, missed=0, coalesced=0)
    tally.count_rejected(MAX_REASONS - 1)

    assert (row[HITS_L1], row[SIZE]) == (42, 7)


def test_two_tallies_share_nothing() -> None:
    one, other = Tally(), Tally()
    one.counts[HITS_L1] += 1

    assert other.hits_l1 == 0


def test_the_hit_ratio_is_zero_before_the_first_answer() -> None:
    assert Tally().hit_ratio == 0.0


def test_sums_are_taken_place_by_place() -> None:
    one, other = Tally(), Tally()
    one.count_answer(l1=1, l2=2, missed=3, coalesced=4)
    one.count_model_call(rows=2, seconds=0.5)
    other.count_answer(l1=10, l2=20, missed=30, coalesced=40)
    other.counts[CORRUPT] += 5

    summed = Tally.summed([one, other])

    assert (summed.hits_l1, summed.hits_l2, summed.misses, summed.coalesced) == (11, 22, 33, 44)
    assert (summed.model_calls, summed.model_rows, summed.model_seconds) == (1, 2, 0.5)
    assert summed.counts[CORRUPT] == 5
    assert changed(Tally.summed([])) == {}


_SECONDS = st.lists(st.floats(0, 1e9), min_size=1, max_size=6)


@given(_SECONDS, st.integers(0, 5), st.floats(0, 1e9))
def test_a_sum_of_seconds_never_shrinks(seconds: list[float], which: int, more: float) -> None:
    tallies = [Tally() for _ in seconds]
    for tally, spent in zip(tallies, seconds, strict=True):
        tally.count_model_call(rows=1, seconds=spent)
    before = Tally.summed(tallies).model_seconds

    tallies[which % len(tallies)].count_model_call(rows=1, seconds=more)

    assert Tally.summed(tallies).model_seconds >= before


def test_calls_that_two_models_end_at_once_are_each_counted() -> None:
    class Slow(list[float]):
        def __getitem__(self, place: Any) -> Any:
            time.sleep(0.001)  # so that another thread has its turn between reading and writing
            return super().__getitem__(place)

    tally = Tally(Slow([0.0] * SIZE))
    with ThreadPoolExecutor(4) as pool:
        for _ in range(20):
            pool.submit(tally.count_model_call, rows=3, seconds=1.0)

    assert (tally.model_calls, tally.model_rows, tally.model_seconds) == (20, 60, 20.0)
