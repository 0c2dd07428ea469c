"""What a model accepts and returns: names, dtypes and shapes in; kind and classes out."""

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

DType = Literal[
    "float64", "float32", "int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8", "bool", "string",
    "datetime", "datetime_tz",
]  # fmt: skip
"""Types of values; "datetime" is a date and time without an offset, "datetime_tz" an instant, held in UTC."""

DTYPES: tuple[str, ...] = get_args(DType)
FLOATS = frozenset({"float64", "float32"})
DATETIMES = frozenset({"datetime", "datetime_tz"})

Kind = Literal["classification", "regression", "other"]
ExtraFields = Literal["reject", "ignore"]

RESERVED_NAMES = frozenset({"instances"})
"""Names that no feature may have, since they mean something else in a request body."""

MAX_EXACT_INTEGER = 2**53
"""The largest absolute value of an integer in an instance.

Source:
    RFC 8259 section 6 and RFC 7493 section 2.2: beyond it a JSON number is not the same number everywhere, and beyond
    it not every integer is a float64.
"""


_COLUMN_DTYPES = {
    "float64": "<f8", "float32": "<f4", "int64": "<i8", "int32": "<i4", "int16": "<i2", "int8": "|i1",
    "uint64": "<u8", "uint32": "<u4", "uint16": "<u2", "uint8": "|u1", "bool": "|b1",
}  # fmt: skip
_PLAUSIBLE: dict[str, object] = {
    "float64": 1.0,
    "float32": 1.0,
    "bool": True,
    "string": "text",
    "datetime": "2024-01-02T03:04:05",
    "datetime_tz": "2024-01-02T03:04:05Z",
}


@dataclass(frozen=True, slots=True)
class Feature:
    """One input of a model.

    Attributes:
        name: as clients and file headers write it.
        dtype: of the values that clients send, which are part of the key.
        shape: () for a single value, else the shape of a tensor.
        missing: whether a value may be missing: null, NaN, an empty cell, or absent from the instance.
        example: a value to show in documentation, as JSON writes it; None when there is none.
        values: some values that the model was fitted on, as JSON writes them, to make examples and probes from.
        is_guess: whether its dtype is a guess, which the rejection of a value has to say.
        known: all texts and numbers that an encoder of the model knows; None if unknown. They do not restrict what is
            accepted: readers of files look words up in them.
    """

    name: str
    dtype: DType = "float64"
    shape: tuple[int, ...] = ()
    missing: bool = False
    example: object = field(default=None, compare=False)
    values: tuple[object, ...] = field(default=(), compare=False)
    is_guess: bool = field(default=False, compare=False)
    known: frozenset[object] | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not self.name or self.name in RESERVED_NAMES:
            raise ValueError(f"expected a feature name other than {self.name!r}, which is reserved")
        if self.dtype not in DTYPES:
            raise ValueError(f"feature {self.name!r}: expected a dtype of {', '.join(DTYPES)}, got {self.dtype!r}")
        if any(length < 1 for length in self.shape):
            raise ValueError(f"feature {self.name!r}: expected a shape of positive lengths, got {list(self.shape)}")
        if self.shape and (self.dtype == "string" or self.dtype in DATETIMES):
            raise ValueError(f"feature {self.name!r}: expected one {self.dtype} a feature, not a tensor")
        if self.shape and self.missing and self.dtype not in FLOATS:
            raise ValueError(f"feature {self.name!r}: expected missing values only in tensors of floats")

    @property
    def size(self) -> int:
        """How many values one instance has for it."""
        return math.prod(self.shape)

    @property
    def bounds(self) -> tuple[int, int]:
        """The least and the largest number that an integer or bool feature may hold."""
        bits = 1 if self.dtype == "bool" else int(self.dtype.removeprefix("u").removeprefix("int"))
        low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if self.dtype.startswith("int") else (0, 2**bits - 1)
        return max(low, -MAX_EXACT_INTEGER), min(high, MAX_EXACT_INTEGER)

    @property
    def is_integral(self) -> bool:
        """Whether its values are integers or bools."""
        return self.dtype != "string" and self.dtype not in FLOATS and self.dtype not in DATETIMES

    @property
    def is_optional(self) -> bool:
        """Whether an instance may lack it: its value is missing then."""
        return self.missing and not self.shape

    @property
    def column_dtype(self) -> str:
        """The numpy dtype of its column in a batch, little-endian.

        Integers and bools that may be missing are float64 with NaN, which holds all of them exactly.
        """
        if self.dtype == "string":
            return "O"
        if self.dtype in DATETIMES:
            return "<M8[ns]"
        if self.is_integral and self.missing:
            return "<f8"
        return _COLUMN_DTYPES[self.dtype]

    def default_example(self) -> object:
        """Return the example, else a value the model was fitted on, else a plausible one of the right type."""
        fitted = (value for value in self.values if value is not None)
        given = self.example if self.example is not None else next(fitted, None)
        if given is not None:
            return given
        value = _PLAUSIBLE.get(self.dtype, 1)
        for length in reversed(self.shape):
            value = [value] * length
        return value


@dataclass(frozen=True, slots=True)
class Signature:
    """What one model takes, in its column order, and what kind of answer it gives.

    Attributes:
        features: at least one, names unique.
        kind: a "classification" model answers with labels, as strings; the others with numbers.
        classes: the labels a classifier knows; empty when it has none or several outputs.
        class_values: the JSON value of each of `classes`, such as 0 of "0", for protocols that have numbers; None for a
            missing label; empty if unknown. Answers contain the texts, so neither keys nor entries depend on it.
        is_multilabel: whether an answer is a list with a value for each of `classes`, of which several may hold.
        ignored: columns of the training frame that the model drops: accepted in an instance with any value, never part
            of its key.
        extra_fields: what becomes of a field of an instance that is neither a feature nor ignored.
        is_plain: whether an instance is float64 numbers and nothing else, none of which may be missing: as of most
            models.
    """

    features: tuple[Feature, ...]
    kind: Kind = "other"
    classes: tuple[str, ...] = ()
    is_multilabel: bool = False
    ignored: tuple[str, ...] = ()
    extra_fields: ExtraFields = "reject"
    class_values: tuple[str | int | float | bool | None, ...] = field(default=(), compare=False)
    is_plain: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = self.names
        if not names:
            raise ValueError("expected at least one feature, got none")
        twice = sorted(name for name, count in Counter(names).items() if count > 1)
        if twice:
            raise ValueError(f"expected each feature name once, got {twice[0]!r} twice")
        if used := set(names).intersection(self.ignored):
            raise ValueError(f"expected ignored columns that are no features, got {min(used)!r}")
        if len(self.class_values) not in (0, len(self.classes)):
            raise ValueError(f"expected a value for each of {len(self.classes)} classes, got {len(self.class_values)}")
        # Found once: every batch is made by it.
        is_plain = all(each.dtype == "float64" and not each.shape and not each.missing for each in self.features)
        object.__setattr__(self, "is_plain", is_plain)

    @property
    def names(self) -> tuple[str, ...]:
        """The features' names, in column order."""
        return tuple(feature.name for feature in self.features)

    @property
    def has_numbered_names(self) -> bool:
        """Whether the features are named x0, x1, …, as those of a model without names."""
        return all(name == f"x{place}" for place, name in enumerate(self.names))

    @property
    def has_tensors(self) -> bool:
        """Whether any feature holds more than a single value."""
        return any(feature.shape for feature in self.features)

    @property
    def size(self) -> int:
        """How many values one instance has."""
        return sum(feature.size for feature in self.features)

    def example_instance(self) -> Mapping[str, object]:
        """Return one instance, by feature name, to show in documentation."""
        return {feature.name: feature.default_example() for feature in self.features}

    def canonical(self) -> bytes:
        """Return what is accepted, as bytes: names, dtypes, shapes, and where a value may be missing."""
        taken = [[f.name, f.dtype, list(f.shape), f.missing] for f in self.features]
        return json.dumps(taken, separators=(",", ":"), ensure_ascii=True).encode()
