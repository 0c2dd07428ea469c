"""Columns of every type as text: as cells show them, and as JSON."""

import json
from typing import Any

import pyarrow as pa
import pytest

from foreseen.adapters.tabular.columns.columns_as_text import as_cells_of_text, as_json

BYTES = ["Zürich".encode(), b"a\xffb", b"", None]
"""Text that its file calls bytes, as Impala writes it; bytes that are none; nothing at all."""


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.binary_view()])
def test_bytes_are_shown_as_their_text(kind: pa.DataType) -> None:
    column = pa.array(BYTES, kind)

    assert as_cells_of_text(column).to_pylist() == ["Zürich", "a\\xffb", "", None]
    assert [json.loads(text) for text in as_json(column).to_pylist()] == ["Zürich", "a\\xffb", "", None]


def test_bytes_of_one_width_are_shown_as_text() -> None:
    assert as_cells_of_text(pa.array([b"de", None], pa.binary(2))).to_pylist() == ["de", None]


NESTED: dict[str, tuple[Any, str]] = {
    "list": (pa.array([[b"a", b"\xc3\xbc", None]], pa.list_(pa.binary())), '["a","ü",null]'),
    "struct": (pa.array([{"k": b"v"}], pa.struct([("k", pa.binary())])), '{"k":"v"}'),
}


@pytest.mark.parametrize("name", NESTED)
def test_bytes_within_values_are_shown_as_text(name: str) -> None:
    column, expected = NESTED[name]

    assert as_cells_of_text(column).to_pylist() == as_json(column).to_pylist() == [expected]
