"""The counter of rows agrees with the parser, wherever the parts of a body end."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreseen.entrypoints.http.requests.row_counter import RowCounter
from foreseen.entrypoints.http.responses.problems import Rejection

AWKWARD = st.text(alphabet='[]{},"\\:aé\n', max_size=6)
SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | AWKWARD
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(AWKWARD, inner, max_size=3))
INSTANCES = st.lists(VALUES, min_size=1, max_size=12)


def is_rejected(body: bytes, *, max_rows: int = 20, max_values: int = 10**6, cuts: list[int]) -> bool:
    """Feed a body in parts that end at the cuts."""
    counter = RowCounter(max_rows, max_values)
    edges = [0, *sorted(cuts), len(body)]
    try:
        for start, end in pairwise(edges):
            counter.feed(body[start:end])
    except Rejection:
        return True
    return False


def written(instances: list[Any], *, indent: int | None, ascii_only: bool) -> bytes:
    return json.dumps({"instances": instances}, indent=indent, ensure_ascii=ascii_only).encode()


@settings(deadline=None)
@given(st.data(), INSTANCES, st.sampled_from([None, 1]), st.booleans())
def test_a_body_is_rejected_exactly_beyond_the_limit(
    data: st.DataObject, instances: list[Any], indent: int | None, ascii_only: bool
) -> None:
    body = written(instances, indent=indent, ascii_only=ascii_only)
    cuts = data.draw(st.lists(st.integers(0, len(body)), max_size=8))
    count = len(json.loads(body)["instances"])

    assert not is_rejected(body, max_rows=count, cuts=cuts)
    if count > 1:
        assert is_rejected(body, max_rows=count - 1, cuts=cuts)


BODIES = {
    "objects": [{"a": 1, "b": 2}, {"a": 1, "b": 2}, {"a": 1, "b": 2}],
    "rows": [[1, 2], [3, 4], [5, 6]],
    "tensors": [[[[1, 2], [3, 4]], 5], {"image": [[1, 2], [3, 4]], "x": 5}, [[], []]],
    "signs in strings": ["],[", {'"},{"': "\\"}, ['\\"', "\\\\", "[[[,,,"]],
    "backslashes at the end": ["\\", "\\\\", '\\"'],
    "scalars": [1, None, ""],
}


@pytest.mark.parametrize("instances", BODIES.values(), ids=BODIES)
def test_it_counts_alike_wherever_a_part_ends(instances: list[Any]) -> None:
    body = written(instances, indent=None, ascii_only=True)

    for cut in range(len(body) + 1):
        assert not is_rejected(body, max_rows=3, cuts=[cut])
        assert is_rejected(body, max_rows=2, cuts=[cut])


@pytest.mark.parametrize("instances", BODIES.values(), ids=BODIES)
def test_it_counts_alike_byte_by_byte(instances: list[Any]) -> None:
    body = written(instances, indent=1, ascii_only=True)

    assert not is_rejected(body, max_rows=3, cuts=list(range(len(body))))
    assert is_rejected(body, max_rows=2, cuts=list(range(len(body))))


def test_it_stops_as_soon_as_there_are_too_many() -> None:
    counter = RowCounter(1000, 10**6)
    counter.feed(b'{"instances":[0')
    for _ in range(999):
        counter.feed(b",0")

    with pytest.raises(Rejection, match="at most 1000 instances") as rejected:
        counter.feed(b",")
    assert rejected.value.status == 413


def test_the_features_of_one_lone_instance_are_no_rows() -> None:
    body = json.dumps({f"feature {number}": number for number in range(1000)}).encode()

    assert not is_rejected(body, max_rows=1, cuts=[])


def test_an_empty_part_does_not_end_an_escape() -> None:
    body = b'{"instances": [{"\\"": null, "a": 1}, null]}'
    cut = body.index(b"\\") + 1

    assert is_rejected(body, max_rows=1, cuts=[cut, cut])
    assert not is_rejected(body, max_rows=2, cuts=[cut, cut])


@pytest.mark.parametrize("instances", BODIES.values(), ids=BODIES)
def test_values_are_counted_by_what_parts_them_outside_of_strings(instances: list[Any]) -> None:
    body = written(instances, indent=None, ascii_only=True) + b" " * 50
    commas = _parting_commas(instances)

    for cut in range(len(body) + 1):
        assert not is_rejected(body, max_values=commas + 1, cuts=[cut])
        assert is_rejected(body, max_values=commas, cuts=[cut]) == (commas > 0)


def test_values_are_counted_at_any_depth() -> None:
    body = b'{"a":[[[' + b",".join([b"{}"] * 500) + b"]]]}"

    assert is_rejected(body, max_values=499, cuts=[])
    assert not is_rejected(body, max_values=500, cuts=[])


def _parting_commas(value: Any) -> int:
    if not isinstance(value, list | dict):
        return 0
    held = list(value.values()) if isinstance(value, dict) else value
    return max(0, len(held) - 1) + sum(map(_parting_commas, held))
