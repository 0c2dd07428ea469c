"""What takes time to make is made while the one before it is used."""

from collections.abc import Iterator
from threading import Event

import pytest

from foreseen.domain.tables.prefetch import one_ahead
from support.time_limits import PATIENCE_S


def test_prefetched_items_come_in_order_and_raise_in_place() -> None:
    def numbers() -> Iterator[int]:
        yield from (1, 2)
        raise ValueError("three")

    going = one_ahead(numbers())

    assert [next(going), next(going)] == [1, 2]
    with pytest.raises(ValueError, match="three"):
        next(going)
    assert list(one_ahead(iter([]))) == []


def test_the_next_is_made_while_one_is_used() -> None:
    is_made = Event()

    def numbers() -> Iterator[int]:
        yield 1
        is_made.set()
        yield 2

    going = one_ahead(numbers())

    assert next(going) == 1
    assert is_made.wait(PATIENCE_S)
    assert list(going) == [2]
