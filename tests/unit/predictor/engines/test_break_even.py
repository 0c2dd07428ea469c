"""An engine answers calls of as many rows as it is faster for."""

import itertools
from collections.abc import Callable

import pytest

from foreseen.adapters.predictor.engines.break_even import SIZES, break_even


@pytest.mark.parametrize(
    ("engine_s", "library_s", "low", "high"),
    [
        (lambda n: 0.01 * n, lambda n: 3.0, 225, 330),
        (lambda n: 1.0 + n, lambda n: 0.5 * n, 0, 0),
        (lambda n: 1.0, lambda n: 2.0, SIZES[-1], SIZES[-1]),
        (lambda n: 0.2 * n, lambda n: 1.0 + 0.1 * n, 7, 10),
    ],
    ids=["many", "none", "all", "few"],
)
def test_calls_of_more_rows_are_the_librarys(
    engine_s: Callable[[int], float], library_s: Callable[[int], float], low: int, high: int
) -> None:
    clock = Clock()

    rows = break_even(clock.spending(engine_s), clock.spending(library_s), clock=lambda: clock.now)

    assert low <= rows <= high


def test_calls_that_were_held_up_cost_no_engine() -> None:
    clock = Clock()
    first = itertools.count()

    rows = break_even(
        clock.spending(lambda _: 0.0001 if next(first) >= 5 else 0.001),
        clock.spending(lambda _: 0.0005),
        clock=lambda: clock.now,
    )

    assert rows == SIZES[-1]


@pytest.mark.parametrize("largest", [1, 32, 512])
def test_no_more_rows_are_measured_than_the_library_takes_at_once(largest: int) -> None:
    clock, measured = Clock(), set[int]()

    def library_s(rows: int) -> float:
        measured.add(rows)
        return 0.003 * -(-rows // largest)

    rows = break_even(
        clock.spending(lambda _: 0.0001), clock.spending(library_s), largest=largest, clock=lambda: clock.now
    )

    assert rows == SIZES[-1]
    assert max(measured) == largest


class Clock:
    """Time that passes by calls alone."""

    def __init__(self) -> None:
        self.now = 0.0

    def spending(self, seconds: Callable[[int], float]) -> Callable[[int], None]:
        """Return a call that takes so many seconds for n rows."""

        def call(rows: int) -> None:
            self.now += seconds(rows)

        return call
