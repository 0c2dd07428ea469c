"""ParquetEncoder: the rows that were read, each with its prediction, as an Arrow stream that is sealed into Parquet.

A Parquet file has its index at the end and cannot be added to; a stream of Arrow messages can, and can be cut off.
"""

from collections.abc import Sequence
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.compute as pc

from foreseen.adapters.tabular.added_columns import AddedColumn
from foreseen.adapters.tabular.parquet_seal import AS_JSON, seal_parquet
from foreseen.adapters.tabular.texts import JSON, as_cells_of_text, as_plain, cell_texts, is_text, json_texts
from foreseen.domain.predictions import Predictions
from foreseen.domain.signature import Feature, Signature
from foreseen.domain.table import Chunk

_TYPES: Final = {
    name: pa.type_for_alias(name)
    for name in ("float64", "float32", "int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8", "bool")
} | {"datetime": pa.timestamp("ns"), "datetime_tz": pa.timestamp("ns", "UTC")}

_OPTIONS: Final = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)


class ParquetEncoder:
    """Gives the columns to keep with their types, then those that are added.

    Cells of text that were read as numbers, bools, or dates and times of a feature are written as what was read: a file
    that came from CSV can be scored again. Those of other columns stay text.
    Labels of classes are strings and probabilities are numbers. What else a model answers is known when it is all
    there: until then it is kept as JSON.
    """

    has_to_be_sealed: Final = True

    def __init__(self, schema: pa.Schema, *, added: Sequence[AddedColumn], signature: Signature) -> None:
        """Take the columns that are kept of what was read, and those to add."""
        self._added = [(column, _field(column, signature)) for column in added]
        self._read = _read_from_text(schema, signature)
        kept = [
            pa.field(field.name, _type_of(signature.features[self._read[field.name]]))
            if field.name in self._read
            else pa.field(field.name, _plain_type(field.type))
            for field in schema
        ]
        self._schema = pa.schema([*kept, *(field for _, field in self._added)])
        self._kept = [field.name for field in kept]

    def begin(self) -> bytes:
        """Give the message that tells the columns."""
        return self._schema.serialize().to_pybytes()  # type: ignore[no-any-return]

    def encode(self, chunk: Chunk, predictions: Predictions) -> bytes:
        """Give the message that holds the rows."""
        columns = [self._column(chunk, name) for name in self._kept]
        for column, field in self._added:
            values = column.values(predictions)
            if field.type == pa.float64():
                columns.append(_finite(pa.array(values, pa.float64())))
            else:
                columns.append(json_texts(values) if field.metadata else cell_texts(values))
        return pa.record_batch(columns, schema=self._schema).serialize().to_pybytes()  # type: ignore[no-any-return]

    def _column(self, chunk: Chunk, name: str) -> pa.Array:
        if name in self._read and chunk.batch is not None:
            values, kind = chunk.batch.columns[self._read[name]], self._schema.field(name).type
            if values.ndim == 1:  # NaN is nothing, among integers too
                return pa.array(values, from_pandas=True).cast(kind)
            return pa.array(values.tolist(), kind, from_pandas=True)
        return _plain(chunk.table.column(name))

    def seal(self, spool: BinaryIO, out: BinaryIO) -> None:
        """Write the file, a group of rows at a time."""
        seal_parquet(spool, out)


def _type_of(feature: Feature) -> pa.DataType:
    kind = _TYPES[feature.dtype]
    for _ in feature.shape:
        kind = pa.list_(kind)
    return kind


def _read_from_text(schema: pa.Schema, signature: Signature) -> dict[str, int]:
    """Return the place in the signature of each feature that is no string and was read from text."""
    return {
        feature.name: place
        for place, feature in enumerate(signature.features)
        if feature.dtype in _TYPES
        and feature.name in schema.names
        and (schema.field(feature.name).type == JSON or is_text(schema.field(feature.name).type))
    }


def _field(column: AddedColumn, signature: Signature) -> pa.Field:
    if column.label is not None:
        return pa.field(column.name, pa.float64())
    is_label = signature.kind == "classification" and signature.classes and not signature.is_multilabel
    if column.output == "prediction" and is_label:
        return pa.field(column.name, pa.string())
    return pa.field(column.name, pa.string(), metadata=AS_JSON)


def _finite(numbers: pa.Array) -> pa.Array:
    """Return numbers with null for those that are not finite, as HTTP answers and caches have them."""
    return pc.if_else(pc.is_finite(numbers), numbers, None)


def _plain_type(kind: pa.DataType) -> pa.DataType:
    return pa.string() if kind == JSON else as_plain(pa.nulls(0, kind)).type


def _plain(column: pa.Array) -> pa.Array:
    return as_cells_of_text(column) if column.type == JSON else as_plain(column)
