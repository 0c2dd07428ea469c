"""Datatypes of the Open Inference Protocol, and tensors of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from foreseen.domain.values.signature import Feature
from foreseen.entrypoints.http.responses.problems import Rejection

BYTES: Final = "BYTES"
BOOL: Final = "BOOL"
FP16: Final = "FP16"
FP64: Final = "FP64"
INT64: Final = "INT64"

DTYPES: Final[Mapping[str, str]] = {
    BOOL: "|b1",
    "UINT8": "|u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "INT8": "|i1",
    "INT16": "<i2",
    "INT32": "<i4",
    INT64: "<i8",
    FP16: "<f2",
    "FP32": "<f4",
    FP64: "<f8",
    BYTES: "|O",
}
"""The numpy dtype of each datatype, little-endian as its binary form is; texts are objects."""

_OF_FEATURES: Final = {"bool": BOOL, "float32": "FP32", "float64": FP64}

Values = npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input of a request.

    Attributes:
        values: of its shape. Objects where they are texts, or where one is None, which is a missing value.
    """

    name: str
    datatype: str
    values: Values


def datatype_of(feature: Feature) -> str:
    """Return the datatype in which a feature is described: texts, and dates and times, are BYTES."""
    if feature.dtype in _OF_FEATURES:
        return _OF_FEATURES[feature.dtype]
    name = feature.dtype.upper()
    return name if name in DTYPES else BYTES


def bad_request(detail: str) -> Rejection:
    """Return the rejection of a request that does not follow the protocol (400)."""
    return Rejection(400, "invalid-request", "The request is no inference request", detail)
