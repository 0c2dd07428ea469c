"""How many rows of a file go through the model at a time."""

import pyarrow as pa
import pytest

from foreseen.adapters.tabular.reading.chunk_sizes import chunk_rows, even_slices


@pytest.mark.parametrize(
    ("columns", "rows"), [(0, 65_536), (1, 65_536), (6, 65_536), (10, 39_321), (16, 24_576), (1_000, 24_576)]
)
def test_the_fewer_columns_the_more_rows(columns: int, rows: int) -> None:
    assert chunk_rows(columns) == rows


def test_large_reads_are_divided_evenly() -> None:
    read = pa.record_batch({"a": pa.array(range(100_000))})

    parts = list(even_slices(read))

    assert [part.num_rows for part in parts] == [50_000, 50_000]
    assert pa.Table.from_batches(parts) == pa.Table.from_batches([read])
