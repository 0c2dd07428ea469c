"""What an error shows of a value that a client sent."""

import math
import tracemalloc
from decimal import Decimal
from typing import Any

import pytest

from foreseen.domain.values.shown_value import shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", "nothing"),
        ("fünf", '"fünf"'),
        ('say "é"\n', '"say \\"é\\"\\n"'),
        (None, "null"),
        (True, "true"),
        (math.inf, "Infinity"),
        (math.nan, "NaN"),
        ([], "[]"),
        ({}, "{}"),
        (["", 1, [None]], '["", 1, [null]]'),
        ({"a": 1.5, "b": {"c": "d"}}, '{"a": 1.5, "b": {"c": "d"}}'),
        ({1}, "{1}"),
        (Decimal("1.50"), "Decimal('1.50')"),
        ("\ud800", '"\\ud800"'),
        pytest.param(10**9_000, "an integer of 29,898 bits", id="more-digits-than-python-writes"),
    ],
)
def test_a_short_value_is_shown_whole(value: Any, text: str) -> None:
    assert shown(value) == text


def test_a_text_of_the_shown_length_is_whole() -> None:
    assert shown("a" * 58) == f'"{"a" * 58}"'
    assert shown("a" * 59) == f'"{"a" * 58}…'


def _nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "start"),
    [
        pytest.param("\0" * 1_000_000, '"\\u0000\\u0000', id="controls"),
        pytest.param("\ud800" * 1_000_000, '"\\ud800\\ud800', id="halves-of-pairs"),
        pytest.param([1] * 1_000_000, "[1, 1, 1, ", id="list"),
        pytest.param({"x" * 1_000_000: 1}, '{"xxxxx', id="name"),
        pytest.param({"x": ["y" * 1_000_000] * 1_000}, '{"x": ["yyyyy', id="text-within"),
        pytest.param(dict.fromkeys(range(100_000)), '{"0": null, "1": null, ', id="object"),
        pytest.param(_nested(100_000), "[[[[[[", id="nesting"),
    ],
)
def test_only_the_start_of_a_huge_value_is_written(value: Any, start: str) -> None:
    tracemalloc.start()
    try:
        text = shown(value)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert text.startswith(start)
    assert len(text) == 60
    assert text.endswith("…")
    assert peak < 100_000
