"""What a typed format has no type for is written as text, or rejected before a row is scored."""

import io
from datetime import time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import orc

from foreseen.adapters.tabular.columns.chunk_rows import as_cells
from foreseen.adapters.tabular.encoders import table_encoder
from foreseen.adapters.tabular.sealing.seal_trial import try_seal
from foreseen.domain.errors import TableError
from foreseen.domain.tables.table import Chunk
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.predictions import Predictions
from foreseen.domain.values.signature import Feature, Signature
from support.model_outputs import outputs_of

SIGNATURE = Signature((Feature("a"),))
UNION = pa.UnionArray.from_sparse(pa.array([0, 1], pa.int8()), [pa.array([1, 2]), pa.array(["x", "y"])])


def sealed(column: pa.Array, to: str) -> bytes:
    """Write rows with a column beside a feature."""
    table = pa.record_batch([pa.array([1.0] * len(column)), column], names=["a", "x"])
    encoder = table_encoder(
        table.schema, path=f"out.{to}", name=f"out.{to}", outputs=outputs_of("predict"), signature=SIGNATURE
    )
    batch = Batch.of(SIGNATURE, {"a": np.ones(len(column))})
    spool, out = io.BytesIO(encoder.begin()), io.BytesIO()
    spool.seek(0, io.SEEK_END)
    chunk = Chunk("in", batch, table, np.arange(len(column)), [], as_text=as_cells)
    spool.write(encoder.encode(chunk, Predictions({"prediction": [0.5] * len(column)})))
    spool.seek(0)
    encoder.seal(spool, out)
    return out.getvalue()


REJECTED: dict[str, pa.Array] = {
    "a union": UNION,
    "a struct of nothing": pa.array([{}], pa.struct([])),
    "an interval": pa.array([(1, 2, 3)], pa.month_day_nano_interval()),
    "hundreds": pa.array([Decimal(100)], pa.decimal128(5, -2)),
}


@pytest.mark.parametrize("name", REJECTED)
def test_a_column_without_a_parquet_type_is_rejected_at_once(name: str) -> None:
    column = REJECTED[name]
    schema = pa.schema([("a", pa.float64()), ("x", column.type)])

    with pytest.raises(TableError) as caught:
        table_encoder(
            schema, path="out.parquet", name="out.parquet", outputs=outputs_of("predict"), signature=SIGNATURE
        )

    assert str(caught.value).startswith(
        f"out.parquet: expected columns of types that Parquet has, got 'x' of {column.type} ("
    )
    assert "\n" not in str(caught.value)
    assert sealed(column, "csv")


ORC: dict[str, tuple[pa.Array, list[Any]]] = {
    "a union": (UNION, ["1", '"y"']),
    "hundreds": (pa.array([Decimal(100), None], pa.decimal128(5, -2)), ["1E+2", None]),
    "a short decimal": (pa.array([Decimal("1.5")], pa.decimal32(5, 2)), [Decimal("1.50")]),
    "a struct with a duration": (pa.array([{"d": timedelta(1)}]), ['{"d":"1 day, 0:00:00"}']),
    "a map to bytes without a sign": (pa.array([[("k", 1)]], pa.map_(pa.string(), pa.uint8())), ['[["k",1]]']),
    "times in a list": (pa.array([[time(1)], None]), [["01:00:00.000000"], None]),
    "integers without a sign in a list": (pa.array([[7]], pa.list_(pa.uint32())), [[7]]),
    "nothing": (pa.nulls(2), [None, None]),
    "UUIDs": (
        pa.ExtensionArray.from_storage(pa.uuid(), pa.array([bytes(16)], pa.binary(16))),
        ["00000000-0000-0000-0000-000000000000"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ORC)
def test_orc_has_a_wider_type_or_text(name: str) -> None:
    column, values = ORC[name]

    assert orc.read_table(io.BytesIO(sealed(column, "orc"))).column("x").to_pylist() == values


def test_views_of_lists_that_end_in_null_are_lists() -> None:
    found = pa.ipc.open_file(sealed(pa.array([[1], None], pa.list_view(pa.int64())), "arrow")).read_all()

    assert found.column("x").to_pylist() == [[1], None]


def test_a_full_disk_is_not_taken_for_a_missing_type() -> None:
    def full(_: object, __: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        try_seal(full, pa.schema([("a", pa.int64())]), what="Excel", name="out.xlsx")


@pytest.mark.parametrize("to", ["parquet", "arrow", "orc", "xlsx"])
def test_a_disk_that_fills_while_sealing_is_one_error(to: str) -> None:
    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(28, "No space left on device")

    table = pa.record_batch([pa.array([1.0])], names=["a"])
    encoder = table_encoder(
        table.schema, path=f"out.{to}", name="out", outputs=outputs_of("predict"), signature=SIGNATURE
    )

    with pytest.raises(OSError, match="No space left"):
        encoder.seal(io.BytesIO(encoder.begin()), Full())
