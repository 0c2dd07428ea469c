"""Columns of which values repeat are written with a dictionary, whatever their type is."""

import uuid
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from foreseen.adapters.tabular.parquet.parquet_dictionaries import with_dictionary

UNCOUNTED = {
    "identifiers": pa.ExtensionArray.from_storage(pa.uuid(), pa.array([uuid.uuid4().bytes] * 2, pa.binary(16))),
    "categories": pa.array(["a", "b"]).dictionary_encode(),
    "texts by views": pa.array(["a", "b"], pa.string_view()),
    "small floats": pa.array([1.0, 2.0], pa.float16()),
    "decimals": pa.array([Decimal("1.1"), Decimal("2.2")]),
    "runs": pa.RunEndEncodedArray.from_arrays(pa.array([1, 2], pa.int32()), pa.array([1.0, 2.0])),
    "intervals": pa.array([(1, 2, 3), (4, 5, 6)], pa.month_day_nano_interval()),
}


def test_values_that_repeat_get_a_dictionary_and_others_none() -> None:
    rows = pa.table({"city": ["Rome", "Paris"] * 500, "measured": [number / 7 for number in range(1000)]})

    assert with_dictionary(rows) == ["city"]


@pytest.mark.parametrize("name", UNCOUNTED)
def test_a_column_of_any_type_is_decided(name: str) -> None:
    values: Any = UNCOUNTED[name]

    assert with_dictionary(pa.table({"x": values})) in ([], ["x"], True)
