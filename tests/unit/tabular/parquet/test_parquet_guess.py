"""A Parquet column of another type than a guessed feature: the rejection names what to declare."""

import io
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from foreseen.adapters.tabular.parquet.parquet_reader import ParquetReader
from foreseen.domain.errors import TableError
from foreseen.domain.values.signature import Feature, Signature


@pytest.mark.parametrize(
    ("dtype", "value", "declared"),
    [("int64", "1", "string"), ("string", 1, "int64"), ("float64", date(2024, 1, 2), "datetime")],
)
def test_a_wrong_guess_of_a_type_names_the_declaration(dtype: Any, value: Any, declared: str) -> None:
    stream = io.BytesIO()
    pq.write_table(pa.table({"a": [value]}), stream)

    with pytest.raises(TableError, match=f'name = "a", dtype = "{declared}"'):
        ParquetReader(stream, name="in", signature=Signature((Feature("a", dtype=dtype, is_guess=True),)))
