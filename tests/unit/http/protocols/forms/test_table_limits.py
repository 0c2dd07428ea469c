"""The counter of a JSON body counts the rows of tables within objects as well, wherever its parts end."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreseen.entrypoints.http.requests.row_counter import RowCounter
from foreseen.entrypoints.http.responses.problems import Rejection

ROWS = 30


def is_rejected(document: Any, *, max_rows: int, cuts: list[int] | None = None) -> bool:
    body = json.dumps(document).encode()
    counter = RowCounter(max_rows, 10**6, has_tables=True)
    try:
        for start, end in pairwise([0, *sorted(cuts or ()), len(body)]):
            counter.feed(body[start:end])
    except Rejection as exc:
        return exc.kind == "too-many-instances"
    return False


BODIES: dict[str, Any] = {
    "rows": {"instances": [[1, 2]] * ROWS},
    "objects": {"dataframe_records": [{"a": 1, "b": 2}] * ROWS},
    "bare values": {"inputs": [1] * ROWS},
    "columns": {"inputs": {"a": [1] * ROWS, "b": [2] * ROWS}},
    "columns of lists": {"inputs": {"a": [[1, 2]] * ROWS, "b": [2] * ROWS}},
    "a split": {"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2]] * ROWS}},
    "a split, its data first": {"dataframe_split": {"data": [[1, 2]] * ROWS, "columns": ["a", "b"]}},
    "a split with an index": {"dataframe_split": {"index": [*range(ROWS)], "data": [[1, 2]] * ROWS}, "params": {}},
}


@settings(deadline=None)
@given(st.data(), st.sampled_from(sorted(BODIES)))
def test_a_body_is_rejected_exactly_beyond_the_limit(data: st.DataObject, name: str) -> None:
    cuts = data.draw(st.lists(st.integers(0, 200), max_size=8))

    assert not is_rejected(BODIES[name], max_rows=ROWS, cuts=cuts)
    assert is_rejected(BODIES[name], max_rows=ROWS - 1, cuts=cuts)


@pytest.mark.parametrize("count", [2, 5, 40])
def test_several_columns_are_counted_one_by_one(count: int) -> None:
    assert not is_rejected({"inputs": {f"x{number}": [1] * 5 for number in range(count)}}, max_rows=5)
