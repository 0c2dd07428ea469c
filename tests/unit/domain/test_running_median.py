"""A running median follows what is usual, whatever is rare."""

import pytest

from foreseen.domain.running_median import RunningMedian


def after(*values: float) -> float | None:
    median = RunningMedian()
    for value in values:
        median.count(value)
    return median.value


def test_before_the_first_value_there_is_none() -> None:
    assert after() is None


def test_the_first_value_is_the_median() -> None:
    assert after(30) == 30


def test_rare_values_move_it_no_more_than_others() -> None:
    assert after(*[20, 20, 20, 20, 10_000] * 100) == pytest.approx(20, rel=0.2)


def test_it_follows_a_level_that_has_changed() -> None:
    assert after(*[20] * 50, *[200] * 60) == pytest.approx(200, rel=0.1)
    assert after(*[200] * 50, *[20] * 60) == pytest.approx(20, rel=0.1)


def test_values_of_nothing_do_not_hold_it_down() -> None:
    assert after(*[0] * 1000, *[100] * 100) == pytest.approx(100, rel=0.1)


def test_after_clearing_there_is_none() -> None:
    median = RunningMedian()
    median.count(5)
    median.clear()

    assert median.value is None
