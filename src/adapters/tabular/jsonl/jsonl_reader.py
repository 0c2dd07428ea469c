"""JsonlReader: a file of JSON objects, one per line, as chunks of instances."""

import io
import json
import re
from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from typing import BinaryIO, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from foreseen.adapters.tabular.columns.columns_as_text import JSON
from foreseen.adapters.tabular.file_layout import Layout
from foreseen.adapters.tabular.jsonl.json_fields import Fields, fields_of, has_half_characters
from foreseen.adapters.tabular.jsonl.line_blocks import BLOCK_BYTES, line_blocks
from foreseen.adapters.tabular.jsonl.misspelt_fields import hint_of, with_hints
from foreseen.adapters.tabular.missing.missing_words import MissingWords
from foreseen.adapters.tabular.reading.chunk_sizes import even_slices
from foreseen.adapters.tabular.reading.required_columns import check_columns, read_columns, readable, rejects_of
from foreseen.adapters.tabular.reading.text_source import TextSource
from foreseen.domain.did_you_mean import did_you_mean
from foreseen.domain.errors import TableError
from foreseen.domain.tables.table import Chunk, Reject
from foreseen.domain.values.signature import Signature

_EXPECTED: Final = re.compile(r"^expected [^,]*, got ")
"""The beginning of a reject's reason."""
_PLAIN: Final = Layout("jsonl", None, "", "", "utf-8")


class JsonlReader:
    """Reads objects with fields for the features, and perhaps others; each value is kept as JSON.

    Its columns are the fields of the objects in its first block, and the features that an object may lack. A later
    object with another field is a reject, since there is no column for it; one without a field that is not a feature is
    read.
    """

    def __init__(
        self,
        stream: BinaryIO,
        *,
        name: str,
        signature: Signature,
        layout: Layout = _PLAIN,
        columns: Sequence[str] | None = None,
        wanted: Sequence[str] | None = None,
        words: MissingWords | None = None,
    ) -> None:
        """Read the first block of a stream; errors call it `name`.

        Args:
            columns: the columns of an earlier file, which this one then has as well.
            wanted: fields that are needed besides the features; None for all.
            words: words for a missing value; None for an empty string alone.
        Raises:
            TableError: no object of the first block has a required feature.
        """
        self._text = TextSource(stream, name=name, encoding=layout.encoding)
        self._signature = signature
        self._words = words or MissingWords(())
        self._name = name
        self._line = 1
        blocks = line_blocks(io.BufferedReader(self._text, BLOCK_BYTES), name=name)
        first = next(blocks, [])
        self._blocks = chain([first], blocks)
        self.columns = tuple(columns) if columns is not None else self._columns(first)
        check_columns(self.columns, signature, name)
        self._known = frozenset(self.columns)
        self._names = frozenset(signature.names)
        self._wanted = None if wanted is None else frozenset(wanted)

    @property
    def schema(self) -> pa.Schema:
        """All columns, as text that is JSON."""
        return pa.schema([(column, JSON) for column in self.columns])

    @property
    def bytes_read(self) -> int:
        """Bytes of the file read so far."""
        return self._text.bytes_read

    def __iter__(self) -> Iterator[Chunk]:
        """Yield the lines that are not blank, in chunks."""
        for block in self._blocks:
            if block:
                yield from self._chunks(block)

    def _columns(self, lines: Sequence[bytes]) -> tuple[str, ...]:
        columns: dict[str, None] | None = None
        why = "nothing"
        for line in lines:
            try:
                columns = (columns or {}) | dict.fromkeys(fields_of(line))
            except ValueError as exc:
                why = str(exc) if line.strip() else why
        if columns is None:
            raise TableError(f"{self._name}: expected one JSON object per line, got {_EXPECTED.sub('', why)}")
        return (*columns, *self._absent(columns.keys()))

    def _absent(self, columns: Collection[str]) -> list[str]:
        """Return the features that every object lacks and may lack, unless another name looks like one misspelt."""
        others = set(columns).difference(self._signature.names, self._signature.ignored)
        return [
            feature.name
            for feature in self._signature.features
            if feature.is_optional and feature.name not in columns and not did_you_mean(feature.name, others)
        ]

    def _chunks(self, lines: Sequence[bytes]) -> Iterator[Chunk]:
        rows: list[Fields] = []
        numbers: list[int] = []
        rejects: list[Reject] = []
        for number, line in enumerate(lines, self._line):
            if not line or line.isspace():
                continue
            try:
                rows.append(self._checked(fields_of(line), line))
                numbers.append(number)
            except ValueError as exc:
                text = line.decode(errors="replace").rstrip("\r")
                rejects.append(Reject(self._name, number, "", str(exc), text))
        self._line += len(lines)
        if rows:
            yield from self._readable(rows, np.array(numbers, dtype=np.int64), rejects)
        elif rejects:
            yield Chunk(self._name, None, None, (), rejects, as_text=as_object)

    def _checked(self, fields: Fields, line: bytes) -> Fields:
        """Return the fields that have a column; raise ValueError if one could not be written."""
        if not self._known.issuperset(fields):
            other = next(field for field in fields if field not in self._known)
            if self._wanted is None:
                hint = hint_of(other, self._known)
                expected = f"expected a field that the first objects have as well, got {other!r}"
                raise ValueError(expected + (f"; {hint}" if hint else ""))
            fields = {name: value for name, value in fields.items() if name in self._known}
        if b"\\u" in line:
            for name, value in fields.items():
                if name not in self._names and has_half_characters(value):
                    raise ValueError(f"expected {name!r} to hold Unicode characters, got half a surrogate pair")
        return fields

    def _readable(
        self, rows: Sequence[Fields], numbers: npt.NDArray[np.int64], rejects: Sequence[Reject]
    ) -> Iterator[Chunk]:
        columns = [
            pa.ExtensionArray.from_storage(JSON, pa.array([row.get(name) for row in rows], pa.string()))
            for name in self.columns
        ]
        start = 0
        for part in even_slices(pa.record_batch(columns, names=self.columns)):
            lines = numbers[start : start + part.num_rows]
            start += part.num_rows
            last = start == len(rows)
            within = [one for one in rejects if (last or one.line <= lines[-1])]
            rejects = [one for one in rejects if not (last or one.line <= lines[-1])]
            read = read_columns(self._signature, part, self._words.read_json)
            rejected = with_hints(read.rejected, part, self._signature)
            within += rejects_of(rejected, part, lines, self._name, as_object)
            within.sort(key=lambda reject: reject.line)
            whole = Chunk(self._name, None, part, lines, within, as_text=as_object)
            yield readable(self._signature, whole, read)


def as_object(table: pa.RecordBatch, rows: Sequence[int]) -> list[str]:
    """Return rows as the objects that they were."""
    taken = table.take(np.asarray(rows, dtype=np.int64))
    names = [json.dumps(name, ensure_ascii=False) for name in taken.schema.names]
    return [_object(names, cells) for cells in zip(*(column.to_pylist() for column in taken.columns), strict=True)]


def _object(names: Sequence[str], cells: Sequence[object]) -> str:
    members = (
        f"{name}:{cell if isinstance(cell, str) else json.dumps(cell)}"
        for name, cell in zip(names, cells, strict=True)
        if cell is not None
    )
    return "{" + ",".join(members) + "}"
