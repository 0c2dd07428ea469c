"""Bodies of many instances, which are read in parts: as if at once, and with turns of the event loop between them."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from foreseen.domain.errors import InvalidBatchError, Violation
from foreseen.domain.values.signature import Feature, Signature
from foreseen.entrypoints.http.requests.instance_schema import MAX_VIOLATIONS
from foreseen.entrypoints.http.requests.request_instances import VALUES_AT_ONCE, InstanceReader, RequestInstances
from foreseen.entrypoints.http.responses.problems import Rejection
from support.fakes import FLOWER
from support.loop_watch import slowness

PART = VALUES_AT_ONCE // 2
"""Flowers of one part: each has two values."""

READER = InstanceReader(FLOWER)
WIDE = InstanceReader(Signature(tuple(Feature(f"feature_number_{number}") for number in range(1000))))


def flowers(count: int, **wrong: Any) -> list[Any]:
    """Return rows and objects in turn; `r7="x"` is the wrong length of number 7."""
    named = [{"length": number, "width": 0.5} if number % 2 else [number, 0.5] for number in range(count)]
    for place, value in wrong.items():
        named[int(place[1:])] = {"length": value, "width": 0.5}
    return named


def body_of(instances: list[Any]) -> bytes:
    return json.dumps({"instances": instances}).encode()


def read_in_turns(body: bytes) -> tuple[RequestInstances, int]:
    """Read, and count the turns that another task has meanwhile."""

    async def read() -> tuple[RequestInstances, int]:
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0)
                turns += 1

        counting = asyncio.create_task(count())
        try:
            return await READER.from_body_in_turns(body), turns
        finally:
            counting.cancel()
            await asyncio.gather(counting, return_exceptions=True)

    return asyncio.run(read())


def violations_of(read: Callable[[], object]) -> tuple[Violation, ...]:
    with pytest.raises(InvalidBatchError) as rejected:
        read()
    return tuple(rejected.value.violations)


@pytest.mark.parametrize("count", [PART - 1, PART, PART + 1, 3 * PART + 7])
def test_all_instances_are_read_in_order(count: int) -> None:
    asked = READER.from_body(body_of(flowers(count)))

    assert asked.is_many
    assert [column.tolist() for column in asked.batch.columns] == [[*map(float, range(count))], [0.5] * count]


def test_other_requests_run_between_the_parts() -> None:
    asked, turns = read_in_turns(body_of(flowers(5 * PART)))

    assert len(asked.batch) == 5 * PART
    assert turns >= 3


def test_a_short_one_is_read_without_giving_way() -> None:
    assert read_in_turns(body_of(flowers(100)))[1] == 0


def test_a_violation_has_its_place_in_the_whole_body() -> None:
    body = body_of(flowers(3 * PART, r3="x", **{f"r{PART + 5}": "y", f"r{2 * PART}": []}))

    violations = violations_of(lambda: READER.from_body(body))

    assert [(violation.row, violation.feature, violation.got) for violation in violations] == [
        (3, "length", '"x"'),
        (PART + 5, "length", '"y"'),
        (2 * PART, "length", "[]"),
    ]


def test_reading_stops_after_the_last_violation_that_is_listed() -> None:
    body = body_of([["x", 1]] * MAX_VIOLATIONS + flowers(PART) + [[1]])

    assert [violation.row for violation in violations_of(lambda: READER.from_body(body))] == list(range(MAX_VIOLATIONS))


@pytest.mark.parametrize("is_many", [True, False])
def test_very_many_names_are_reported_by_their_number(is_many: bool) -> None:
    flower = {"length": 1, "width": 1} | {f"more {number}": 1 for number in range(MAX_VIOLATIONS + 1)}
    body = body_of([flower]) if is_many else json.dumps(flower).encode()

    violations = violations_of(lambda: READER.from_body(body))

    assert violations == (Violation("2 values (length, width)", str(MAX_VIOLATIONS + 3), 0 if is_many else None),)


def test_some_surplus_names_are_listed_one_by_one() -> None:
    flower = {"length": 1, "width": 1} | {f"more {number}": 1 for number in range(MAX_VIOLATIONS)}

    assert len(violations_of(lambda: READER.from_body(json.dumps(flower).encode()))) == MAX_VIOLATIONS


NEARLY = [f"feature_nmber_{number}" for number in range(3000)]


@pytest.mark.parametrize(
    "read",
    [
        lambda: WIDE.from_query("&".join(f"{name}=1" for name in NEARLY).encode()),
        lambda: WIDE.from_body(json.dumps(dict.fromkeys(NEARLY[:1000], 1)).encode()),
        lambda: WIDE.from_body(json.dumps({"instances": [dict.fromkeys(NEARLY, 1)] * 100}).encode()),
        lambda: READER.from_query("&".join(f"lenght{number}=1" for number in range(9999)).encode()),
        lambda: READER.from_body(json.dumps({f"lenght{number}": 1 for number in range(50_000)}).encode()),
    ],
    ids=["a query of a wide model", "a body of it", "many instances of it", "a query", "a body"],
)
def test_names_that_are_nearly_right_are_not_compared_without_end(read: Callable[[], object]) -> None:
    """Each took from a second to a minute."""
    began = time.thread_time()
    with pytest.raises((InvalidBatchError, Rejection)):
        read()

    assert time.thread_time() - began < 0.8 * slowness()


def test_a_byte_order_mark_before_a_body_is_ignored() -> None:
    """RFC 8259, section 8.1, lets a reader ignore one; PowerShell and .NET write them."""
    body = body_of(flowers(3))

    assert (
        READER.from_body(b"\xef\xbb\xbf" + body).batch.columns[0].tolist()
        == READER.from_body(body).batch.columns[0].tolist()
    )
