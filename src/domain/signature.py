"""What a model takes and gives: names, dtypes and shapes in; kind and classes out."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

DType = Literal["float64", "float32", "int64", "int32", "int16", "int8", "uint32", "uint16", "uint8", "bool", "string"]
DTYPES: tuple[str, ...] = get_args(DType)
FLOATS = frozenset({"float64", "float32"})

Kind = Literal["classification", "regression", "other"]

RESERVED_NAMES = frozenset({"instances"})
"""Names no feature may have, since a request body gives them another meaning."""

MAX_EXACT_INTEGER = 2**53
"""The largest integer, by size, that an instance may hold.

Source:
    RFC 8259 section 6 and RFC 7493 section 2.2: beyond it a JSON number is not the same number everywhere, and beyond
    it not every integer is a float64.
"""


@dataclass(frozen=True, slots=True)
class Feature:
    """One input of a model.

    Attributes:
        name: as clients and file headers write it.
        dtype: what the model is given, and what enters the key.
        shape: () for a single value, else the shape of a tensor.
        missing: whether a value may be missing (null, or NaN in a float feature).
        example: a value to show in documentation; None when there is none.
    """

    name: str
    dtype: DType = "float64"
    shape: tuple[int, ...] = ()
    missing: bool = False
    example: object = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if not self.name or self.name in RESERVED_NAMES:
            raise ValueError(f"expected a feature name other than {self.name!r}, which is reserved")
        if self.dtype not in DTYPES:
            raise ValueError(f"feature {self.name!r}: expected a dtype of {', '.join(DTYPES)}, got {self.dtype!r}")
        if any(length < 1 for length in self.shape):
            raise ValueError(f"feature {self.name!r}: expected a shape of positive lengths, got {list(self.shape)}")
        if self.dtype == "string" and self.shape:
            raise ValueError(f"feature {self.name!r}: expected a string feature to hold one string, not a tensor")
        if self.missing and self.dtype != "string" and self.dtype not in FLOATS:
            raise ValueError(f"feature {self.name!r}: expected missing values only in float and string features")

    @property
    def size(self) -> int:
        """How many values one instance holds for it."""
        return math.prod(self.shape)

    @property
    def bounds(self) -> tuple[int, int]:
        """The least and the largest number that an integer or bool feature may hold."""
        bits = 1 if self.dtype == "bool" else int(self.dtype.removeprefix("u").removeprefix("int"))
        low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if self.dtype.startswith("int") else (0, 2**bits - 1)
        return max(low, -MAX_EXACT_INTEGER), min(high, MAX_EXACT_INTEGER)

    def default_example(self) -> object:
        """Give the example, or a plain value of the right type and shape when there is none."""
        if self.example is not None:
            return self.example
        value: object = {"string": "text", "bool": True}.get(self.dtype, 1.0 if self.dtype in FLOATS else 1)
        for length in reversed(self.shape):
            value = [value] * length
        return value


@dataclass(frozen=True, slots=True)
class Signature:
    """What one model takes, in its column order, and what kind of answer it gives.

    Attributes:
        features: at least one, names unique.
        kind: "classification" answers with labels, as strings; the others with numbers.
        classes: the labels a classifier knows; empty when it has none or several outputs.
    """

    features: tuple[Feature, ...]
    kind: Kind = "other"
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = self.names
        if not names:
            raise ValueError("expected at least one feature, got none")
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"expected each feature name once, got {twice[0]!r} twice")

    @property
    def names(self) -> tuple[str, ...]:
        """The features' names, in column order."""
        return tuple(feature.name for feature in self.features)

    @property
    def is_plain(self) -> bool:
        """Whether an instance is float64 numbers and nothing else, none of which may be missing: as of most models."""
        return all(each.dtype == "float64" and not each.shape and not each.missing for each in self.features)

    @property
    def has_tensors(self) -> bool:
        """Whether any feature holds more than a single value."""
        return any(feature.shape for feature in self.features)

    @property
    def size(self) -> int:
        """How many values one instance holds."""
        return sum(feature.size for feature in self.features)

    def example_instance(self) -> Mapping[str, object]:
        """Give one instance, by feature name, to show in documentation."""
        return {feature.name: feature.default_example() for feature in self.features}

    def canonical(self) -> bytes:
        """Give the bytes that stand for what is taken: names, dtypes, shapes, and where a value may be missing."""
        taken = [[f.name, f.dtype, list(f.shape), f.missing] for f in self.features]
        return json.dumps(taken, separators=(",", ":"), ensure_ascii=True).encode()
