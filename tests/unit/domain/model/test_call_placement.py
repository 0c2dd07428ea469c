"""Where a model's calls run, decided by what they cost."""

import pytest

from foreseen.domain.model.call_placement import CALLS, FIRST_PAUSE, SIZES, CallPlacement

CHEAP, DEAR, SLOW, TRIP = 40e-6, 3e-3, 20e-3, 150e-6


def opened(here_s: float = CHEAP, there_s: float = TRIP) -> CallPlacement:
    placement = CallPlacement()
    placement.open([(here_s, there_s)] * len(SIZES))
    return placement


def call(placement: CallPlacement, rows: int = 1, *, cpu_s: float = CHEAP) -> bool:
    """Make the next call, wherever that is; return whether it was on the event loop."""
    is_here = placement.is_next_here(rows)
    if is_here:
        placement.count_here(rows, cpu_s=cpu_s, seconds=cpu_s)
    else:
        placement.count_there(rows, TRIP)
    return is_here


def calls_until_here(placement: CallPlacement) -> int:
    """Return how many calls run in the model's process before one is on the event loop."""
    return next(number for number in range(10 * FIRST_PAUSE) if call(placement))


def test_calls_stay_in_the_process_until_costs_are_known() -> None:
    assert not CallPlacement().is_next_here(1)


def test_what_costs_less_than_the_trip_runs_on_the_loop() -> None:
    assert call(opened())


@pytest.mark.parametrize(("here_s", "there_s"), [(TRIP, CHEAP), (400e-6, 900e-6), (SLOW, 1.0)])
def test_dear_calls_stay_in_the_process(here_s: float, there_s: float) -> None:
    """Dearer than the trip, longer than hits may be held, or both."""
    assert not call(opened(here_s, there_s))


@pytest.mark.parametrize(("here_s", "there_s"), [(400e-6, 900e-6), (DEAR, 1.0), (SLOW, 1.0)])
def test_a_call_that_would_hold_all_hits_is_never_tried(here_s: float, there_s: float) -> None:
    placement = opened(here_s, there_s)

    assert not any(call(placement, cpu_s=here_s) for _ in range(10 * FIRST_PAUSE))


def test_few_dear_calls_run_here_after_each_pause() -> None:
    placement = opened(there_s=1.0)
    for _ in range(3):
        assert sum(call(placement, cpu_s=DEAR) for _ in range(FIRST_PAUSE)) <= 3
        calls_until_here(placement)


def test_a_large_batch_goes_to_the_process() -> None:
    placement = opened()

    assert call(placement, SIZES[-1])
    assert not call(placement, SIZES[-1] + 1)


def test_each_size_of_calls_is_judged_by_itself() -> None:
    placement = CallPlacement()
    placement.open([(CHEAP, TRIP), *[(DEAR, TRIP)] * (len(SIZES) - 1)])

    assert call(placement, 1)
    assert not call(placement, 2)


def test_one_slow_call_sends_the_next_ones_to_the_process() -> None:
    placement = opened()

    assert call(placement, 1, cpu_s=SLOW)
    assert not call(placement, 1)
    assert not call(placement, 64)  # what made one slow may do so for all


def test_a_call_that_waits_without_computing_is_slow_too() -> None:
    placement = opened()
    placement.is_next_here(1)

    assert placement.count_here(1, cpu_s=0.0, seconds=2.0)
    assert not placement.is_next_here(1)


def test_one_call_held_up_by_the_machine_changes_nothing() -> None:
    placement = opened(there_s=1e-3)

    assert call(placement, cpu_s=4e-3)
    assert call(placement)


def test_calls_that_turn_dear_leave_after_a_few() -> None:
    placement = opened()

    assert sum(call(placement, cpu_s=DEAR) for _ in range(FIRST_PAUSE)) <= 2


def test_after_a_pause_a_cheap_call_stays() -> None:
    placement = opened()
    call(placement, cpu_s=SLOW)

    assert calls_until_here(placement) == FIRST_PAUSE
    assert all(call(placement) for _ in range(FIRST_PAUSE))


def test_each_further_pause_is_twice_as_long() -> None:
    placement = opened()
    call(placement, cpu_s=SLOW)
    calls_until_here(placement)
    call(placement, cpu_s=SLOW)

    assert calls_until_here(placement) == 2 * FIRST_PAUSE


def test_pauses_are_short_again_after_many_cheap_calls() -> None:
    placement = opened()
    call(placement, cpu_s=SLOW)
    calls_until_here(placement)
    assert all(call(placement) for _ in range(10 * FIRST_PAUSE))
    call(placement, cpu_s=SLOW)

    assert calls_until_here(placement) == FIRST_PAUSE


def test_the_first_calls_after_a_pause_are_judged_together() -> None:
    """They find nothing in the processor's caches."""
    placement = opened()
    call(placement, cpu_s=SLOW)
    calls_until_here(placement)

    assert call(placement, cpu_s=4 * CHEAP)
    assert all(call(placement) for _ in range(2 * CALLS))


def test_a_model_that_has_crashed_stays_in_its_process() -> None:
    crashes: list[str] = []
    placement = CallPlacement(lambda: bool(crashes))
    placement.open([(CHEAP, TRIP)] * len(SIZES))
    assert call(placement)
    crashes.append("SIGSEGV")

    assert not call(placement)
    assert str(placement).startswith("in a process of its own")


def test_closed_all_calls_run_in_the_process() -> None:
    placement = opened()
    placement.close()

    assert not call(placement)
    assert not placement.count_here(1, cpu_s=SLOW, seconds=SLOW)


def test_it_says_where_calls_run_and_what_they_take() -> None:
    assert str(CallPlacement()) == "in a process of its own"
    assert str(opened()) == "on the event loop: a call takes 40 µs, and 150 µs by a process of its own"
    assert str(opened(DEAR)) == "in a process of its own: a call takes 150 µs, and 3000 µs on the event loop"
