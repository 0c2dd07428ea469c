"""What nulls in the JSON of answers stand for, so that a hit has the numbers that a miss had."""

import json
import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreseen.domain.values.null_kinds import finite, null_kinds, with_numbers
from support.example_counts import examples

if TYPE_CHECKING:
    from foreseen.domain.values.json_type import Json

VALUES: st.SearchStrategy["Json"] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=examples(200), deadline=None)
@given(VALUES)
def test_a_value_read_back_from_json_is_what_it_was(value: "Json") -> None:
    text = json.dumps(finite(value), allow_nan=False)

    assert repr(with_numbers(json.loads(text), null_kinds(value))) == repr(value)


@pytest.mark.parametrize(
    ("value", "kinds"),
    [
        (1.5, b""),
        (None, b""),
        ("null", b""),
        ([None, {"a": None}], b""),
        (math.nan, b"n"),
        (math.inf, b"+"),
        (-math.inf, b"-"),
        (-math.nan, b"n"),
        ({"a": [math.inf, None, 1.0], "b": math.nan}, b"+0n"),
        ([None, (-math.inf, "NaN")], b"0-"),
    ],
)
def test_each_null_has_a_byte_unless_all_are_nothing(value: "Json", kinds: bytes) -> None:
    assert null_kinds(value) == kinds


def test_too_few_kinds_leave_nulls_as_they_are() -> None:
    assert with_numbers([None, None], b"+") == [math.inf, None]
