"""JsonlEncoder: the rows that were read, each with its prediction, as one JSON object a line."""

import json
import shutil
from collections.abc import Mapping, Sequence
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.compute as pc

from foreseen.adapters.tabular.added_columns import AddedColumn
from foreseen.adapters.tabular.cells import text_bytes
from foreseen.adapters.tabular.texts import as_json, is_text, json_texts, numbers_as_json
from foreseen.domain.predictions import Predictions
from foreseen.domain.signature import DATETIMES, Feature, Signature
from foreseen.domain.table import Chunk


class JsonlEncoder:
    """Gives the fields to keep, then what HTTP answers: the prediction, and an object of the probabilities.

    Cells of text that were read as numbers, bools or lists are written as such, and nothing in place of a date and time
    as null; those of other columns are strings.
    """

    has_to_be_sealed: Final = False

    def __init__(self, kept: Sequence[str], *, added: Sequence[AddedColumn], signature: Signature) -> None:
        """Take the columns that are kept of what was read, and those to add."""
        features: Mapping[str, Feature] = dict(zip(signature.names, signature.features, strict=True))
        self._kept = {name: features.get(name) for name in kept}
        self._whole = [column for column in added if column.label is None]
        self._by_class = [column for column in added if column.label is not None]

    def begin(self) -> bytes:
        """Give nothing: there is no header."""
        return b""

    def encode(self, chunk: Chunk, predictions: Predictions) -> bytes:
        """Give a line for each row."""
        fields = [_member(name, _as_json(chunk.table.column(name), feature)) for name, feature in self._kept.items()]
        fields += [_member(column.name, json_texts(column.values(predictions))) for column in self._whole]
        if self._by_class:
            fields.append(_member(self._probabilities, self._object(predictions)))
        return text_bytes(pc.binary_join_element_wise("{", _listed(fields), "}\n", ""))

    @property
    def _probabilities(self) -> str:
        name, label = self._by_class[0].name, str(self._by_class[0].label)
        return name.removesuffix(f"probability_{label}") + self._by_class[0].output

    def _object(self, predictions: Predictions) -> pa.Array:
        members = [_member(str(column.label), json_texts(column.values(predictions))) for column in self._by_class]
        return pc.binary_join_element_wise("{", _listed(members), "}", "")

    def seal(self, spool: BinaryIO, out: BinaryIO) -> None:
        """Copy it: the lines are the file."""
        shutil.copyfileobj(spool, out)


def _as_json(column: pa.Array, feature: Feature | None) -> pa.Array:
    if feature is None or feature.dtype == "string" or not is_text(column.type):
        return as_json(column)
    if feature.dtype in DATETIMES:
        return as_json(pc.if_else(pc.equal(column, ""), None, column))
    return numbers_as_json(column)


def _member(name: str, values: pa.Array) -> pa.Array:
    """Give members of an object; null where there is none."""
    return pc.binary_join_element_wise(json.dumps(name, ensure_ascii=False) + ":", values, "")


def _listed(fields: Sequence[pa.Array]) -> pa.Array:
    return pc.binary_join_element_wise(*fields, ",", null_handling="skip")
