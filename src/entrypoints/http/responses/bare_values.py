"""BareValues: the values of answers without the objects around them, labels as the model itself writes them."""

import json
from collections.abc import Mapping, Sequence
from math import isinf
from typing import cast

from foreseen.domain.values.json_type import Json
from foreseen.domain.values.null_kinds import finite
from foreseen.domain.values.output import Output
from foreseen.domain.values.signature import Signature


class BareValues:
    """Turns entries into the values that protocols with bare answers send.

    Entries contain labels as texts. Where the signature knows the value of a label, it is sent instead: 0 for "0". Of a
    model with one output, the value of its only member is sent; of one with several, the object.
    """

    def __init__(self, signature: Signature, outputs: Sequence[Output]) -> None:
        """Accept what is known about a model's answers, before it has answered."""
        self._is_single = len(outputs) == 1
        self._members = tuple(output.member for output in outputs if _has_values(output, signature))
        # As entries are encoded, so that most values are found by their bytes.
        self._values = {_encoded(text): _encoded(value) for text, value in _by_text(signature).items()}
        self._start = b"{" + _encoded(outputs[0].member) + b":"
        self._label_is_first = outputs[0].member in self._members

    def of(self, entries: Sequence[bytes]) -> list[bytes]:
        """Return the JSON of each value.

        Args:
            entries: JSON objects, as a cache holds them.
        """
        if not self._is_single:
            return [self._of_many(entry) for entry in entries] if self._members else list(entries)
        start, end = len(self._start), -1
        bare = [entry[start:end] if entry.startswith(self._start) else _only_value(entry) for entry in entries]
        return [self._values.get(value, value) for value in bare] if self._members else bare

    def _of_many(self, entry: bytes) -> bytes:
        """Return an entry of several outputs with its labels replaced."""
        if self._label_is_first and entry.startswith(self._start + b'"'):
            start = len(self._start)
            # Right or not found: no label that is found ends at a quotation mark within another.
            end = entry.find(b'"', start + 1) + 1
            if (value := self._values.get(entry[start:end])) is not None and len(self._members) == 1:
                return self._start + value + entry[end:]
        answer = cast("dict[str, Json]", json.loads(entry))
        parts = [_encoded(name) + b":" + self._value(name, value) for name, value in answer.items()]
        return b"{" + b",".join(parts) + b"}"

    def _value(self, member: str, value: Json) -> bytes:
        encoded = _encoded(value)
        return self._values.get(encoded, encoded) if member in self._members else encoded


def _has_values(output: Output, signature: Signature) -> bool:
    return output.is_label and output.classes == signature.classes and bool(_by_text(signature))


def _by_text(signature: Signature) -> Mapping[str, Json]:
    """Return the value of each label by its text; empty if none is known, or if all of them are texts.

    An infinite number, which JSON cannot express, stays a text: null would be that of a missing label.
    """
    if not signature.class_values or all(isinstance(value, str) for value in signature.class_values):
        return {}
    by_text = zip(signature.classes, signature.class_values, strict=True)
    return {text: value for text, value in by_text if not (isinstance(value, float) and isinf(value))}


def _only_value(entry: bytes) -> bytes:
    """Return the value of an entry that was not written by this version, with blanks or another member."""
    answer = cast("dict[str, Json]", json.loads(entry))
    return _encoded(next(iter(answer.values())))


def _encoded(value: Json) -> bytes:
    return json.dumps(finite(value), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
