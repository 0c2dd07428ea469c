"""Dates and times: which texts are the same nanosecond, and which are rejected for what."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreseen.domain.values.datetimes import FIRST, IN_RANGE, LAST, PLAIN, ZONED, nanoseconds

TICKS = st.integers(FIRST, LAST) | st.sampled_from((FIRST, -1, 0, 1, LAST))


@given(TICKS)
def test_dates_written_by_numpy_are_read_exactly(ticks: int) -> None:
    assert nanoseconds(str(np.datetime64(ticks, "ns")), has_zone=False) == ticks


@given(st.integers(-(2**62), 2**62), st.integers(-23 * 60 - 59, 23 * 60 + 59))
def test_an_instant_is_the_same_in_any_offset(ticks: int, minutes: int) -> None:
    local = np.datetime64(ticks + minutes * 60 * 10**9, "ns")
    sign, size = "-" if minutes < 0 else "+", abs(minutes)

    assert nanoseconds(f"{local}{sign}{size // 60:02}:{size % 60:02}", has_zone=True) == ticks


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-02T03:04:05",
        "2024-01-02 03:04:05",
        "2024-01-02t03:04:05",
        "2024-01-02T03:04:05.0",
        "2024-01-02T03:04:05,000",
        "2024-01-02T03:04:05.000000000000",
    ],
)
def test_a_time_has_many_spellings(text: str) -> None:
    assert nanoseconds(text, has_zone=False) == 1_704_164_645 * 10**9


@pytest.mark.parametrize("offset", ["Z", "z", "+00:00", "-00:00", "+0000", "+00"])
def test_utc_has_many_spellings(offset: str) -> None:
    assert nanoseconds(f"2024-01-02T03:04:05{offset}", has_zone=True) == 1_704_164_645 * 10**9


def test_a_date_alone_is_its_midnight_and_seconds_are_optional() -> None:
    assert nanoseconds("2024-01-02", has_zone=False) == nanoseconds("2024-01-02T00:00", has_zone=False)


@pytest.mark.parametrize(
    ("text", "has_zone", "expected"),
    [
        ("", False, PLAIN),
        ("yesterday", False, PLAIN),
        ("20240102", False, PLAIN),
        ("1704164645", False, PLAIN),
        ("01/02/2024", False, PLAIN),
        ("2024-1-2", False, PLAIN),
        ("2024-01-02T", False, PLAIN),
        ("2024-01-02T24:00", False, PLAIN),
        ("2024-01-02T03:60", False, PLAIN),
        ("2024-01-02T03:04:60", False, PLAIN),
        ("2024-01-02T03:04:05.1234567891", False, PLAIN),
        ("2024-01-02T03:04:05Z", False, f"{PLAIN}, without an offset"),
        ("2024-01-02T03:04:05+01:00", False, f"{PLAIN}, without an offset"),
        ("2024-01-02T03:04:05+01:00[Europe/Berlin]", True, ZONED),
        ("2024-01-02T03:04:05", True, ZONED),
        ("2024-01-02", True, ZONED),
        ("2024-01-02T03:04:05+24:00", True, ZONED),
        ("2023-02-29", False, "a date of the calendar"),
        ("0000-01-01", False, "a date of the calendar"),
        ("2262-04-11T23:47:16.854775808", False, IN_RANGE),
        ("1677-09-21T00:12:43.145224192", False, IN_RANGE),
        ("9999-12-31T23:59:59Z", True, IN_RANGE),
    ],
)
def test_an_invalid_date_is_rejected_with_what_was_expected(text: str, has_zone: bool, expected: str) -> None:
    with pytest.raises(ValueError, match=r"^a date") as caught:
        nanoseconds(text, has_zone=has_zone)

    assert str(caught.value) == expected
