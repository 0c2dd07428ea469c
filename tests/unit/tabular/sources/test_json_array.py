"""A JSON array is read as its values would be, a line each."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreseen.adapters.tabular.sources import json_array
from foreseen.adapters.tabular.sources.json_array import array_of_lines
from foreseen.domain.errors import TableError

VALUE = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


def lines(data: bytes, encoding: str = "utf-8") -> list[bytes]:
    """Read an array."""
    stream = array_of_lines(io.BytesIO(data), name="in", encoding=encoding)
    pieces = list(iter(lambda: stream.read(7), b""))
    assert all(len(piece) <= 7 for piece in pieces)
    return [line for line in b"".join(pieces).splitlines() if line]


@given(st.lists(VALUE, max_size=6), st.sampled_from([None, 1]), st.booleans())
def test_values_are_lines_however_they_are_written(values: list[Any], indent: int | None, is_ascii: bool) -> None:
    data = json.dumps(values, indent=indent, ensure_ascii=is_ascii).encode()

    assert [json.loads(line) for line in lines(data)] == values


@pytest.mark.parametrize("size", range(1, 9))
def test_a_value_may_lie_across_two_reads(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_array, "PIECE_BYTES", size)
    values = [{"a": '\\"],[{', "b": [[1], {}]}, {"a": "é\\"}, 7]

    assert [json.loads(line) for line in lines(json.dumps(values, ensure_ascii=False).encode())] == values


def test_a_raw_newline_within_a_string_is_no_blank() -> None:
    (line,) = lines(b'[{"a":"x\ny",\n"b":1}]')

    with pytest.raises(ValueError, match="control character"):
        json.loads(line)


def test_an_array_may_be_encoded_otherwise() -> None:
    assert lines('[{"å":1}]'.encode("utf-16"), "utf-16") == ['{"å":1}'.encode()]


INVALID = {
    "cut off": (b'[{"a":1},{"a":2}', "got the end of the file"),
    "cut off in a string": (b'[{"a":"1', "got the end of the file"),
    "nothing": (b" ", "got the end of the file"),
    "followed": (b'[{"a":1}] [2]', "got more after its end"),
    "an object": (b'{"a":1}', "got other JSON"),
}


@pytest.mark.parametrize("name", INVALID)
def test_a_file_without_an_array_is_reported(name: str) -> None:
    data, said = INVALID[name]

    with pytest.raises(TableError, match=f"^in: expected a JSON array, {said}$"):
        lines(data)


def test_a_value_without_end_takes_no_more_than_some_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_array, "LONGEST_BYTES", 1 << 16)
    monkeypatch.setattr(json_array, "PIECE_BYTES", 1 << 10)

    with pytest.raises(TableError, match=r"got a value of more than 0 MiB"):
        lines(b'["' + b"x" * 1_000_000)
