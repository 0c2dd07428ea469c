"""How instances become canonical bytes, of which their keys are made: by default, all of their values."""

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, Protocol

import numpy as np

from foreseen.domain.values.batch import Batch, Column
from foreseen.domain.values.datetimes import ticks_of
from foreseen.domain.values.signature import DATETIMES, Feature, Signature

MISSING_STRING: Final = 0xFFFF_FFFF
"""The length that marks a missing string; no string is that long."""


class InstanceEncoder(Protocol):
    """Encodes the instances of one model, one at a time or a batch at once: both ways give the same.

    Instances that are encoded alike are answered alike, to the last bit. An instance that the model may reject never
    has the encoding of one that it answers, since a cached answer would hide the error.
    """

    @property
    def has_one_size(self) -> bool:
        """Whether all instances are encoded in the same number of bytes."""

    def one(self, values: Sequence[object], /) -> bytes:
        """Encode one valid instance: a value per feature, in the signature's order."""

    def many(self, batch: Batch, /) -> list[bytes]:
        """Encode the instances of a batch, in its order."""


class InstanceEncoding(Protocol):
    """Which encoder a model has: a value that is compared, hashed and sent to other processes, and builds one there."""

    def canonical(self) -> bytes:
        """Return the bytes that identify it in a namespace; empty for `ALL_VALUES` alone."""

    def encoder(self, signature: Signature) -> InstanceEncoder:
        """Build the encoder of the instances of a signature."""


@dataclass(frozen=True, slots=True)
class AllValues:
    """Every value counts: instances are encoded alike if they are equal."""

    def canonical(self) -> bytes:
        """Return no bytes: namespaces without any have this encoding."""
        return b""

    def encoder(self, signature: Signature) -> InstanceEncoder:
        """Build the encoder of the instances of a signature."""
        return FloatsEncoder(signature) if signature.is_plain else ValuesEncoder(signature)

    def __str__(self) -> str:
        """Return its name, for messages."""
        return "of all values"


ALL_VALUES: Final = AllValues()


class ValuesEncoder:
    """Encodes all values of instances, feature by feature; docs/adr/0003 says how."""

    def __init__(self, signature: Signature) -> None:
        self._features = signature.features
        self.has_one_size = all(feature.dtype != "string" for feature in signature.features)
        self._packers = tuple(_packer(feature) for feature in signature.features)

    def one(self, values: Sequence[object], /) -> bytes:
        """Encode one valid instance; raise ValueError for another number of values than of features."""
        return b"".join([pack(value) for pack, value in zip(self._packers, values, strict=True)])

    def many(self, batch: Batch, /) -> list[bytes]:
        """Encode the instances of a batch, in its order."""
        if not self.has_one_size:
            cells = [_cells(feature, column) for feature, column in zip(self._features, batch.columns, strict=True)]
            return list(map(b"".join, zip(*cells, strict=True)))
        matrix = np.concatenate([_bytes_of(column) for column in batch.columns], axis=1)
        blob, size = matrix.tobytes(), matrix.shape[1]
        return [blob[start : start + size] for start in range(0, len(blob), size)]


class FloatsEncoder(ValuesEncoder):
    """Encodes instances of float64 numbers and nothing else: they are packed in one go, four times as fast."""

    def __init__(self, signature: Signature) -> None:
        super().__init__(signature)
        self._pack = struct.Struct(f"<{len(signature.features)}d").pack

    def one(self, values: Sequence[object], /) -> bytes:
        """Encode one valid instance; raise ValueError for another number of values than of features."""
        try:
            # A cast would cost time at each hit: a valid instance of a plain signature is numbers.
            return self._pack(*[value + 0.0 for value in values])  # type: ignore[operator]
        except struct.error as exc:
            raise ValueError(f"expected {len(self._features)} values, got {len(values)}") from exc


def _bytes_of(column: Column) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """View the values of a column as bytes, shape (n, bytes per instance)."""
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


def _packer(feature: Feature) -> Callable[..., bytes]:
    """Build the function from one Python value of a feature, which is valid under its dtype, to its canonical bytes."""
    if feature.dtype == "string":
        return _pack_string
    if feature.dtype in DATETIMES:
        pack_ticks = struct.Struct("<q").pack
        return lambda value: pack_ticks(ticks_of(feature, value))
    if feature.is_integral and feature.missing:
        pack_number = struct.Struct("<d").pack
        return lambda value: pack_number(_canonical_float(value))
    packed = struct.Struct(f"<{feature.size}{_FORMATS[feature.dtype]}").pack
    leaves = _leaves_of(len(feature.shape))
    if feature.dtype == "float64":
        return lambda value: packed(*[_canonical_float(leaf) for leaf in leaves(value)])
    if feature.dtype == "float32":
        return lambda value: packed(*[_canonical_float32(leaf) for leaf in leaves(value)])
    return lambda value: packed(*leaves(value))


def _leaves_of(depth: int) -> Callable[..., Iterable[float | None]]:
    """Build the function from nested lists, as deep as that, to the numbers in them, in order."""
    if depth == 0:
        return lambda value: (value,)
    if depth == 1:
        return lambda value: value
    inner = _leaves_of(depth - 1)
    return lambda value: inner(chain.from_iterable(value))


def _canonical_float(value: float | None) -> float:
    # 0.0 is added as in a batch, to fold -0.0; the one NaN is numpy's.
    return value + 0.0 if value is not None and value == value else np.nan


def _canonical_float32(value: float | None) -> float:
    # What is too small for a float32 is packed as a zero, which must not be -0.0 either.
    return 0.0 if value is not None and abs(value) <= _FLOAT32_UNDERFLOW else _canonical_float(value)
