"""Which columns of a Parquet file are compressed, by its first rows."""

import datetime as dt
import io
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from foreseen.adapters.tabular.parquet.parquet_compression import Codec, with_compression
from foreseen.adapters.tabular.parquet.parquet_seal import seal_parquet

RANDOM = np.random.default_rng(1)
ROWS = 3_000
TABLE = pa.table(
    {
        "measured": RANDOM.normal(size=ROWS),
        "float32": RANDOM.normal(size=ROWS).astype("f4"),
        "gaps": pa.array(RANDOM.normal(size=ROWS), mask=RANDOM.random(ROWS) < 0.5),
        "rounded": RANDOM.normal(size=ROWS).round(2),
        "number": np.arange(ROWS),
        "nothing yet": pa.array([None] * 2_000 + list(range(1_000)), pa.int64()),
        "digest": RANDOM.integers(0, 2**63, size=ROWS),
        "flag": RANDOM.random(ROWS) < 0.5,
        "day": pa.array([dt.date(2024, 1, 1)] * ROWS),
        "text": [f"text {row}" for row in range(ROWS)],
    }
)
NOT_SMALLER = {"measured", "float32", "gaps", "digest"}


def codecs(table: pa.Table, dictionary: Sequence[str] = ()) -> dict[str, Codec]:
    found = with_compression(table, dictionary)
    assert isinstance(found, dict)
    return found


def test_incompressible_numbers_are_written_uncompressed() -> None:
    assert {name for name, codec in codecs(TABLE, ["text"]).items() if codec == "none"} == NOT_SMALLER


def test_columns_with_dictionaries_are_compressed() -> None:
    assert codecs(TABLE, ["measured"])["measured"] == "zstd"
    assert with_compression(TABLE, True) == "zstd"


@pytest.mark.parametrize("cut", [0, 1, 100])
def test_the_codecs_do_not_depend_on_how_rows_came(cut: int) -> None:
    parts = pa.concat_tables([TABLE.slice(0, cut), TABLE.slice(cut)])

    assert codecs(parts) == codecs(TABLE)


def test_parts_of_tensors_are_compressed() -> None:
    values = pa.array(RANDOM.normal(size=6_000).round(1), pa.float64())
    kind = pa.fixed_shape_tensor(pa.float64(), [2])
    tensors = pa.ExtensionArray.from_storage(kind, pa.FixedSizeListArray.from_arrays(values, 2))
    spool, out = io.BytesIO(), io.BytesIO()
    table = pa.table({"measured": RANDOM.normal(size=ROWS), "tensor": tensors})
    with pa.ipc.new_stream(spool, table.schema) as stream:
        stream.write_table(table)

    seal_parquet(spool, out)

    group = pq.ParquetFile(out).metadata.row_group(0)
    assert group.column(1).path_in_schema.startswith("tensor.")
    assert group.column(1).compression == "ZSTD"


def test_a_table_without_rows_has_codecs() -> None:
    assert set(codecs(TABLE.slice(0, 0))) == set(TABLE.column_names)
