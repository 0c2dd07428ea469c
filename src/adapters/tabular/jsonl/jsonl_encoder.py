"""JsonlEncoder: the rows that were read, each with its prediction, as one JSON object per line."""

import json
import shutil
from collections.abc import Mapping, Sequence
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.compute as pc

from foreseen.adapters.tabular.columns.chunk_rows import record_batch_of
from foreseen.adapters.tabular.columns.columns_as_text import as_json, numbers_as_json
from foreseen.adapters.tabular.columns.non_finite import AS_NULL, count_non_finite
from foreseen.adapters.tabular.columns.plain_columns import is_text
from foreseen.adapters.tabular.columns.text_buffers import text_bytes
from foreseen.adapters.tabular.writing.added_columns import AddedColumn
from foreseen.adapters.tabular.writing.answer_texts import json_texts
from foreseen.domain.tables.notices import Notices
from foreseen.domain.tables.table import Chunk
from foreseen.domain.values.predictions import Predictions
from foreseen.domain.values.signature import DATETIMES, Signature


class JsonlEncoder:
    """Writes the fields to keep, then those of an HTTP answer: the prediction, and an object of the probabilities.

    Cells of text that were read as numbers, bools or lists are written as such, and an empty date and time as null;
    those of other columns are strings. A number that is not finite is written as null, and counted.
    """

    has_to_be_sealed: Final = False

    def __init__(
        self,
        kept: Sequence[str],
        *,
        added: Sequence[AddedColumn],
        signature: Signature,
        notices: Notices | None = None,
    ) -> None:
        """Accept the input's columns to keep, and the columns to add."""
        places: Mapping[str, int] = {name: place for place, name in enumerate(signature.names)}
        self._kept = {name: places.get(name) for name in kept}
        self._features = signature.features
        self._whole = [column for column in added if column.label is None]
        self._by_class = [column for column in added if column.label is not None]
        self._notices = notices or Notices()

    def begin(self) -> bytes:
        """Return nothing: there is no header."""
        return b""

    def encode(self, chunk: Chunk, predictions: Predictions) -> bytes:
        """Return a line for each row."""
        fields = [_member(name, self._kept_values(chunk, name, place)) for name, place in self._kept.items()]
        fields += [self._answer(column, column.name, predictions) for column in self._whole]
        if self._by_class:
            fields.append(_member(self._by_class[0].member, self._object(predictions)))
        return text_bytes(pc.binary_join_element_wise("{", _listed(fields), "}\n", ""))

    def _kept_values(self, chunk: Chunk, name: str, place: int | None) -> pa.Array:
        column = record_batch_of(chunk).column(name)
        if place is None or self._features[place].dtype == "string" or not is_text(column.type):
            self._count_infinite(name, column)
            return as_json(column)
        if self._features[place].dtype in DATETIMES:
            return as_json(pc.if_else(pc.equal(column, ""), None, column))
        return numbers_as_json(column, None if chunk.batch is None else chunk.batch.columns[place])

    def _count_infinite(self, name: str, column: pa.Array) -> None:
        """Count the infinities in a column of floats, which are lost; NaN is a missing value there."""
        if pa.types.is_floating(column.type) and (found := pc.is_inf(column)).true_count:
            first = column.filter(found)[0].as_py()
            self._notices.count(AS_NULL, name, repr(first), found.true_count)

    def _answer(self, column: AddedColumn, member: str, predictions: Predictions) -> pa.Array:
        values = column.values(predictions)
        count_non_finite(self._notices, column.name, values)
        return _member(member, json_texts(values))

    def _object(self, predictions: Predictions) -> pa.Array:
        members = [self._answer(column, str(column.label), predictions) for column in self._by_class]
        return pc.binary_join_element_wise("{", _listed(members), "}", "")

    def seal(self, spool: BinaryIO, out: BinaryIO) -> None:
        """Copy it: the lines are the file."""
        shutil.copyfileobj(spool, out)


def _member(name: str, values: pa.Array) -> pa.Array:
    """Return members of an object; null where a value is null."""
    return pc.binary_join_element_wise(json.dumps(name, ensure_ascii=False) + ":", values, "")


def _listed(fields: Sequence[pa.Array]) -> pa.Array:
    return pc.binary_join_element_wise(*fields, ",", null_handling="skip")
