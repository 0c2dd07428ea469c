"""ParquetEncoder: the rows that were read, each with its prediction, as an Arrow stream that is sealed into Parquet.

A Parquet file has its index at the end and cannot be appended to; a stream of Arrow messages can, and can be cut off.
"""

from collections.abc import Callable, Sequence
from typing import BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from foreseen.adapters.tabular.columns.chunk_rows import record_batch_of
from foreseen.adapters.tabular.columns.columns_as_text import JSON, as_cells_of_text
from foreseen.adapters.tabular.columns.plain_columns import as_plain, is_text, plain_type
from foreseen.adapters.tabular.parquet.parquet_seal import AS_JSON, seal_parquet
from foreseen.adapters.tabular.writing.added_columns import AddedColumn
from foreseen.adapters.tabular.writing.answer_texts import cell_texts, spool_texts
from foreseen.domain.errors import TableError
from foreseen.domain.tables.table import Chunk, Written
from foreseen.domain.values.batch import Column
from foreseen.domain.values.predictions import Predictions
from foreseen.domain.values.signature import Feature, Signature

_TYPES: Final = {
    name: pa.type_for_alias(name)
    for name in ("float64", "float32", "int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8", "bool")
} | {"datetime": pa.timestamp("ns"), "datetime_tz": pa.timestamp("ns", "UTC")}


class ParquetEncoder:
    """Writes the columns to keep with their types, then those that are added.

    Cells of text that were read as numbers, bools, or dates and times of a feature are written with that type, so that
    a file that came from CSV can be scored again. Those of other columns stay text. Labels of classes are strings and
    probabilities are numbers. The type of any other answer is known only when all of them are there: until then they
    are kept as JSON.

    Attributes:
        schema: of the rows until they are sealed.
    """

    has_to_be_sealed: Final = True

    def __init__(
        self,
        schema: pa.Schema,
        *,
        added: Sequence[AddedColumn],
        signature: Signature,
        seal: Callable[[BinaryIO, BinaryIO], None] = seal_parquet,
    ) -> None:
        """Accept the input's columns to keep, the columns to add, and the function that writes the finished file."""
        self._seal = seal
        self._added = [(column, _field(column)) for column in added]
        self._read = _read_from_text(schema, signature)
        kept = [
            pa.field(field.name, _type_of(signature.features[self._read[field.name]]))
            if field.name in self._read
            else pa.field(field.name, _plain_type(field.type))
            for field in schema
        ]
        self.schema = pa.schema([*kept, *(field for _, field in self._added)])
        self._kept = [field.name for field in kept]

    def begin(self) -> bytes:
        """Return the message that names the columns."""
        return self.schema.serialize().to_pybytes()  # type: ignore[no-any-return]

    def encode(self, chunk: Chunk, predictions: Predictions) -> Written:
        """Return the message that holds the rows."""
        columns = [self._column(chunk, name) for name in self._kept]
        for column, field in self._added:
            values = column.values(predictions)
            if field.type == pa.float64():
                columns.append(pa.array(values, pa.float64()))
            else:
                columns.append(spool_texts(values) if field.metadata else cell_texts(values))
        return memoryview(pa.record_batch(columns, schema=self.schema).serialize())

    def _column(self, chunk: Chunk, name: str) -> pa.Array:
        kind = self.schema.field(name).type
        if name in self._read and chunk.batch is not None:
            values = chunk.batch.columns[self._read[name]]
            if values.ndim == 1:  # NaN is null, among integers too
                return pa.array(_signed(values, record_batch_of(chunk).column(name)), from_pandas=True).cast(kind)
            return pa.array(values.tolist(), kind, from_pandas=True)
        plain = _plain(record_batch_of(chunk).column(name))
        return plain if plain.type == kind else _widened(plain, kind, f"{chunk.source}: column {name!r}")

    def seal(self, spool: BinaryIO, out: BinaryIO) -> None:
        """Write the file, a group of rows at a time."""
        self._seal(spool, out)


def _signed(values: Column, column: pa.Array) -> Column:
    """Return numbers with -0.0 where it was written: the model was given 0.0, which is equal."""
    is_zero = values == 0 if values.dtype.kind == "f" else np.False_
    if not is_zero.any():
        return values
    texts = column.storage if column.type == JSON else column
    if not is_text(texts.type):
        return values
    is_negative = pc.fill_null(pc.starts_with(pc.cast(texts, pa.string()), "-"), fill_value=False)
    return np.where(is_zero & is_negative.to_numpy(zero_copy_only=False), -0.0, values)


def _widened(column: pa.Array, kind: pa.DataType, place: str) -> pa.Array:
    """Return a column of one file in its type for all files."""
    if pa.types.is_string(kind):
        return as_cells_of_text(column)
    try:
        return pc.cast(column, kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as exc:
        said = str(exc).splitlines()[0]
        advice = "--keep leaves columns out"
        raise TableError(f"{place}: expected values of {kind}, as other inputs have them: {said}; {advice}") from exc


def _type_of(feature: Feature) -> pa.DataType:
    kind = _TYPES[feature.dtype]
    for _ in feature.shape:
        kind = pa.list_(kind)
    return kind


def _read_from_text(schema: pa.Schema, signature: Signature) -> dict[str, int]:
    """Return the place in the signature of each feature that is not a string and was read from text."""
    kinds = dict(zip(schema.names, schema.types, strict=True))
    return {
        feature.name: place
        for place, feature in enumerate(signature.features)
        if feature.dtype in _TYPES and (kind := kinds.get(feature.name)) is not None and (kind == JSON or is_text(kind))
    }


def _field(column: AddedColumn) -> pa.Field:
    if column.label is not None:
        return pa.field(column.name, pa.float64())
    if column.is_text or column.constant is not None:
        return pa.field(column.name, pa.string())
    return pa.field(column.name, pa.string(), metadata=AS_JSON)


def _plain_type(kind: pa.DataType) -> pa.DataType:
    return pa.string() if kind == JSON else plain_type(kind)


def _plain(column: pa.Array) -> pa.Array:
    return as_cells_of_text(column) if column.type == JSON else as_plain(column)
