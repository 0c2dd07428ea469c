"""Writes a stream of Arrow messages as a Parquet file, whose bytes do not depend on the chunks of the run."""

import json
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from foreseen.adapters.tabular.parquet.json_types import NOTHING, JsonType
from foreseen.adapters.tabular.parquet.parquet_compression import with_compression
from foreseen.adapters.tabular.parquet.parquet_dictionaries import with_dictionary
from foreseen.adapters.tabular.writing.answer_texts import cell_texts
from foreseen.domain.errors import TableError
from foreseen.domain.tables.prefetch import one_ahead

AS_JSON: Final = {"foreseen": "json"}
"""Metadata of columns that are JSON texts until they are sealed."""

GROUP_ROWS: Final = 65_536
GROUP_BYTES: Final = 64 << 20
SAMPLE_ROWS: Final = 256
"""Rows by which the size of a row is estimated; the first, so that chunks do not matter."""


def seal_parquet(spool: BinaryIO, out: BinaryIO) -> None:
    """Write the rows of a stream, which may end after any of its messages, in groups of one size.

    Raises:
        TableError: the stream ends within a message.
    """
    schema, groups = whole_groups(spool)
    first = next(groups, schema.empty_table())
    dictionary = with_dictionary(first)
    codecs = with_compression(first, dictionary)
    with pq.ParquetWriter(out, schema, compression=codecs, use_dictionary=dictionary) as writer:
        for group in one_ahead(chain([first] if first.num_rows else [], groups)):
            writer.write_table(group, row_group_size=group.num_rows)


def whole_groups(spool: BinaryIO) -> tuple[pa.Schema, Iterator[pa.Table]]:
    """Return the types of all columns and the rows, in groups of one size, of a stream that may end after any message.

    Raises:
        TableError: the stream ends within a message.
    """
    types = _settled(spool)
    spool.seek(0)
    stream = pa.ipc.open_stream(spool)
    schema = pa.schema([pa.field(field.name, types.get(field.name, field.type)) for field in stream.schema])
    return schema, _groups(_converted(batch, schema) for batch in _batches(stream))


def _batches(stream: pa.RecordBatchStreamReader) -> Iterator[pa.RecordBatch]:
    try:
        yield from stream
    except (pa.ArrowInvalid, OSError) as exc:
        raise TableError(f"expected whole rows in the file that is to be sealed: {exc}") from exc


def _settled(spool: BinaryIO) -> dict[str, pa.DataType]:
    """Return the final types of the columns that are JSON so far, determined by all of their values."""
    spool.seek(0)
    stream = pa.ipc.open_stream(spool)
    open_columns = [field.name for field in stream.schema if field.metadata]
    if not open_columns:
        return {}
    found = dict.fromkeys(open_columns, NOTHING)
    for batch in _batches(stream):
        for name in open_columns:
            found[name] |= JsonType.of(json.loads(_listed(batch.column(name))))
    return {name: kind.settled() for name, kind in found.items()}


def _listed(texts: pa.Array) -> str:
    return "[" + ",".join(texts.to_pylist()) + "]"


def _converted(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    columns = [
        _from_json(column, field.type) if old.metadata else column
        for column, field, old in zip(batch.columns, schema, batch.schema, strict=True)
    ]
    return pa.record_batch(columns, schema=schema)


def _from_json(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    values = json.loads(_listed(texts))
    return cell_texts(values) if kind == pa.string() else pa.array(values, kind)


def _groups(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Cut rows into groups whose size depends on the rows alone."""
    waiting: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        waiting.append(batch)
        count = sum(each.num_rows for each in waiting)
        if not size and count >= SAMPLE_ROWS:
            size = _group_rows(waiting)
        while size and count >= size:
            whole = pa.Table.from_batches(waiting)
            yield whole.slice(0, size).combine_chunks()
            waiting = whole.slice(size).to_batches()
            count -= size
    if waiting:
        yield pa.Table.from_batches(waiting).combine_chunks()


def _group_rows(batches: list[pa.RecordBatch]) -> int:
    sample = pa.Table.from_batches(batches).slice(0, SAMPLE_ROWS)
    return int(min(GROUP_ROWS, max(SAMPLE_ROWS, GROUP_BYTES * SAMPLE_ROWS // max(1, sample.nbytes))))
