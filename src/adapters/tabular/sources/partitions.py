"""Partitions: values of all rows of a file that its folders' names contain, as Hive, Spark and pyarrow write them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import unquote

import pyarrow as pa

from foreseen.adapters.tabular.columns.columns_as_text import JSON
from foreseen.adapters.tabular.missing.missing_words import MissingWords
from foreseen.adapters.tabular.reading.reader_types import ArrowReader
from foreseen.domain.errors import TableError
from foreseen.domain.tables.table import Chunk, Reject
from foreseen.domain.values.batch import Batch, Column
from foreseen.domain.values.signature import Feature, Signature

if TYPE_CHECKING:
    from foreseen.adapters.tabular.reading.reader_types import TypedColumns

Keys = Mapping[str, str]
"""Values by column, as cells of text; empty for a missing one."""

_NULL: Final = "__HIVE_DEFAULT_PARTITION__"


def keys_of(path: str) -> Keys:
    """Return the keys in a path: `year=2026/country=de/part-0.parquet` has two."""
    place = path.partition("?")[0] if "://" in path else path
    keys = (folder.partition("=") for folder in place.split("/")[:-1] if "=" in folder)
    return {unquote(name): "" if value == _NULL else unquote(value) for name, _, value in keys if name}


def without_keys(signature: Signature, keys: Keys, *, name: str) -> Signature:
    """Return the signature of the features that the file itself must contain.

    Raises:
        TableError: there are none.
    """
    features = tuple(feature for feature in signature.features if feature.name not in keys)
    if not features:
        raise TableError(f"{name}: expected a feature in the file, got all of them in the names of its folders")
    return replace(signature, features=features)


class PartitionedReader:
    """A reader that adds its file's keys as columns of text; they replace its own columns of the same name.

    Attributes:
        columns, schema: with the keys.
    """

    def __init__(
        self, reader: ArrowReader, keys: Keys, signature: Signature, words: MissingWords | None = None
    ) -> None:
        """Add the keys to the columns of a reader of the other features.

        Args:
            words: words for a missing value; None for an empty one alone.
        """
        self._reader = reader
        self._keys = {name: _Key(name, text, signature, words or MissingWords(())) for name, text in keys.items()}
        self._texts = keys
        self._signature = signature
        self._is_json = JSON in reader.schema.types
        own = [field for field in reader.schema if field.name not in keys]
        kind = JSON if self._is_json else pa.string()
        self.schema = pa.schema([*own, *((name, kind) for name in keys)])
        self.columns = tuple(self.schema.names)

    @property
    def bytes_read(self) -> int:
        """Bytes of the file read so far."""
        return int(self._reader.bytes_read)

    def __iter__(self) -> Iterator[Chunk]:
        """Yield its rows in chunks."""
        return map(self._with_keys, self._reader)

    def values_of(self, column: str) -> Iterator[pa.Array]:
        """Yield the values of one column of the file."""
        return cast("TypedColumns", self._reader).values_of(column)  # called for files that have types

    def _with_keys(self, chunk: Chunk) -> Chunk:
        chunk = replace(chunk, shared=self._texts)
        if chunk.batch is None:
            return chunk
        for key in self._keys.values():
            if key.reason:
                return _rejected(chunk, key)
        written = chunk.written and {name: cells for name, cells in chunk.written.items() if name not in self._keys}
        return replace(chunk, batch=self._batch(chunk.batch), table=self._table(chunk.table), written=written)

    def _batch(self, batch: Batch) -> Batch:
        own = dict(zip(batch.signature.names, batch.columns, strict=True))
        columns = (
            self._keys[each.name].repeated(each, len(batch)) if each.name in self._keys else own[each.name]
            for each in self._signature.features
        )
        return Batch(self._signature, tuple(columns))

    def _table(self, table: pa.RecordBatch) -> pa.RecordBatch:
        own = [name for name in table.schema.names if name not in self._keys]
        cells = [key.cells(table.num_rows, is_json=self._is_json) for key in self._keys.values()]
        return pa.record_batch([*map(table.column, own), *cells], names=[*own, *self._keys])


class _Key:
    """A key of a file: its cell, and its value if it is a feature, which is read like a cell of CSV.

    Attributes:
        reason: why no row can have this value; empty if rows can.
    """

    def __init__(self, name: str, text: str, signature: Signature, words: MissingWords) -> None:
        self.name = name
        self.reason = ""
        self._text = text
        self._words = words
        feature = next((each for each in signature.features if each.name == name), None)
        if feature is not None:
            _, rejected = words.uncounted().read_cells(feature, pa.array([text], pa.string()))
            self.reason = rejected.get(0, "")

    def repeated(self, feature: Feature, count: int) -> Column:
        """Return the column of a batch; words for a missing value are counted by its rows."""
        values, _ = self._words.read_cells(feature, pa.repeat(self._text, count))
        return Batch.of(Signature((feature,)), {self.name: values}).columns[0]

    def cells(self, count: int, *, is_json: bool) -> pa.Array:
        """Return the column of a table."""
        if not self._text:
            found = pa.nulls(count, pa.string())
        else:
            found = pa.repeat(json.dumps(self._text, ensure_ascii=False) if is_json else self._text, count)
        return pa.ExtensionArray.from_storage(JSON, found) if is_json else found


def _rejected(chunk: Chunk, key: _Key) -> Chunk:
    """Return a chunk with all of its rows rejected for a key."""
    rows = range(len(chunk.lines))
    texts = chunk.as_text(chunk.rows, rows)
    rejected = [Reject(chunk.source, int(chunk.lines[row]), key.name, key.reason, texts[row]) for row in rows]
    rejects = sorted([*chunk.rejects, *rejected], key=lambda reject: reject.line)
    return replace(chunk, batch=None, table=None, lines=(), rejects=rejects, written=None)
