"""Fingerprint of a model, Key of an instance, and the recipe between them.

A key is `namespace ‖ row`. The namespace says which model under which signature and outputs, so that a new model never
answers with an old one's prediction; the row is the instance. docs/adr/0003 gives the reasons, tests/unit/golden the
bytes.
"""

import struct
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from itertools import chain
from typing import Any, Final, NewType

import numpy as np

from foreseen.domain.values.batch import Batch, Column
from foreseen.domain.values.datetimes import ticks_of
from foreseen.domain.values.signature import DATETIMES, Feature, Signature

RECIPE_VERSION: Final = 2
"""Part of every namespace: a change of the recipe empties the cache instead of mixing old keys with new ones."""

DIGEST_SIZE: Final = 16
ROW_LIMIT: Final = 64
"""Largest canonical row that a key contains unhashed, bytes."""

MISSING_STRING: Final = 0xFFFF_FFFF
"""The length that says: no string here. No string is that long."""

Fingerprint = NewType("Fingerprint", bytes)
Namespace = NewType("Namespace", bytes)
Key = NewType("Key", bytes)


def fingerprint(artefact: bytes, versions: Mapping[str, str], sources: Mapping[str, bytes]) -> Fingerprint:
    """Digest one exact model, 16 bytes.

    Args:
        artefact: what the model file is known by, such as its digest.
        versions: of each library that computes, by name: the same file under another one may answer otherwise.
        sources: of each module of the user's own that the file needs, by name: a pickle names a class, it does not hold
            its code.
    """
    named_versions = (text.encode() for pair in sorted(versions.items()) for text in pair)
    named_sources = chain.from_iterable((name.encode(), source) for name, source in sorted(sources.items()))
    counts = struct.pack("<QQ", len(versions), len(sources))
    return Fingerprint(_digest(b"foreseen-model", artefact, counts, *named_versions, *named_sources))


def fingerprint_as_called(model: Fingerprint, *how: bytes) -> Fingerprint:
    """Digest a model together with how it is called, on which the last bits of its answers may depend."""
    return Fingerprint(_digest(b"foreseen-called", model, *how))


def namespace(model: Fingerprint, signature: Signature, outputs: Sequence[str]) -> Namespace:
    """Digest everything but the instance that an answer depends on, 16 bytes.

    The kind is part of it: it decides whether a label is shown as text or as a number.
    """
    shown = "\n".join(outputs).encode()
    kind = signature.kind.encode()
    return Namespace(_digest(b"foreseen-names", model, signature.canonical(), kind, shown, bytes([RECIPE_VERSION])))


def _digest(person: bytes, *parts: bytes) -> bytes:
    digest = blake2b(digest_size=DIGEST_SIZE, person=person)
    for part in parts:  # length first: ("ab", "c") is not ("a", "bc")
        digest.update(struct.pack("<Q", len(part)))
        digest.update(part)
    return digest.digest()


class KeyRecipe:
    """How the instances of one model become keys, one at a time or a batch at once: both ways give the same."""

    def __init__(self, names: Namespace, signature: Signature) -> None:
        self.namespace = names
        self._features = signature.features
        self._has_strings = any(feature.dtype == "string" for feature in signature.features)
        self._packers = tuple(_packer(feature) for feature in signature.features)
        # Float64 numbers and nothing else are packed in one go, four times as fast.
        self._pack_floats = struct.Struct(f"<{len(signature.features)}d").pack if signature.is_plain else None

    def key(self, values: Sequence[Any]) -> Key:
        """Return the key of one valid instance: a value per feature, in the signature's order.

        Args:
            values: Python numbers, strings, None where missing, nested lists for tensors; dates and times as ISO 8601
                text or nanoseconds since 1970.
        """
        if self._pack_floats is not None and len(values) == len(self._features):
            return self._key(self._pack_floats(*[value + 0.0 for value in values]))
        return self._key(b"".join([pack(value) for pack, value in zip(self._packers, values, strict=True)]))

    def keys(self, batch: Batch) -> list[Key]:
        """Return the keys of a batch, in its order."""
        if self._has_strings:
            cells = [_cells(feature, column) for feature, column in zip(self._features, batch.columns, strict=True)]
            return [self._key(b"".join(row)) for row in zip(*cells, strict=True)]
        matrix = np.concatenate([_bytes_of(column) for column in batch.columns], axis=1)
        blob, size = matrix.tobytes(), matrix.shape[1]
        return [self._key(blob[start : start + size]) for start in range(0, len(blob), size)]

    def _key(self, row: bytes) -> Key:
        size = len(row)
        # Rows with strings differ in length: a short one of exactly a digest's length is digested too, so that none
        # can be made to look like the digest of another.
        if size > ROW_LIMIT or (self._has_strings and size == DIGEST_SIZE):
            row = blake2b(row, digest_size=DIGEST_SIZE, key=self.namespace, person=b"foreseen-row").digest()
        return Key(self.namespace + row)


def _bytes_of(column: Column) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """View the values of a column as bytes, shape (n, bytes an instance)."""
    flat = np.ascontiguousarray(column).reshape(len(column), -1)
    return flat.view(np.uint8)


def _cells(feature: Feature, column: Column) -> list[bytes]:
    if feature.dtype == "string":
        return [_pack_string(value) for value in column]
    matrix = _bytes_of(column)
    blob, size = matrix.tobytes(), matrix.shape[1]
    return [blob[start : start + size] for start in range(0, len(blob), size)]


def _pack_string(value: str | None) -> bytes:
    if value is None:
        return struct.pack("<I", MISSING_STRING)
    encoded = value.encode()
    return struct.pack("<I", len(encoded)) + encoded


_FORMATS: Final = {
    "float64": "d", "float32": "f", "int64": "q", "int32": "i", "int16": "h", "int8": "b",
    "uint64": "Q", "uint32": "I", "uint16": "H", "uint8": "B", "bool": "?",
}  # fmt: skip


_FLOAT32_UNDERFLOW: Final = 2.0**-150
"""The largest number that a float32 rounds down to zero: half of its least, which ties to the even zero."""


def _packer(feature: Feature) -> Any:
    """Build the function from one Python value of a feature to its canonical bytes."""
    if feature.dtype == "string":
        return _pack_string
    if feature.dtype in DATETIMES:
        pack_ticks = struct.Struct("<q").pack
        return lambda value: pack_ticks(ticks_of(feature, value))
    if feature.is_integral and feature.missing:
        pack_number = struct.Struct("<d").pack
        return lambda value: pack_number(_canonical_float(value))
    packed = struct.Struct(f"<{feature.size}{_FORMATS[feature.dtype]}").pack
    depth = len(feature.shape)
    if feature.dtype == "float64":
        return lambda value: packed(*[_canonical_float(leaf) for leaf in _leaves(value, depth)])
    if feature.dtype == "float32":
        return lambda value: packed(*[_canonical_float32(leaf) for leaf in _leaves(value, depth)])
    return lambda value: packed(*_leaves(value, depth))


def _leaves(value: Any, depth: int) -> Sequence[Any]:
    if depth == 0:
        return (value,)
    for _ in range(depth - 1):
        value = list(chain.from_iterable(value))
    leaves: Sequence[Any] = value
    return leaves


def _canonical_float(value: float | None) -> float:
    # 0.0 is added as in a batch, to fold -0.0; the one NaN is numpy's.
    return value + 0.0 if value is not None and value == value else np.nan


def _canonical_float32(value: float | None) -> float:
    # What is too small for a float32 is packed as a zero, which must not be -0.0 either.
    return 0.0 if value is not None and abs(value) <= _FLOAT32_UNDERFLOW else _canonical_float(value)
