"""Values of tensors as bytes: little-endian numbers, and texts with their lengths before them.

Source:
    Triton's binary tensor data extension, which clients use by default.
"""

import struct
from collections.abc import Sequence
from math import nan, prod
from typing import Final, cast

import numpy as np

from foreseen.entrypoints.http.protocols.oip.datatypes import BOOL, BYTES, DTYPES, Values, bad_request

_LENGTH: Final = struct.Struct("<I")


def values_of_bytes(place: str, datatype: str, shape: Sequence[int], data: bytes) -> Values:
    """Return the values of a tensor, of its shape.

    Args:
        place: of the tensor, for messages.
    Raises:
        Rejection: there are too few or too many bytes for the shape, or a text is not UTF-8 (400).
    """
    count = prod(shape)
    if datatype == BYTES:
        return _texts(place, count, data).reshape(shape)
    dtype = np.dtype(DTYPES[datatype])
    if len(data) != count * dtype.itemsize:
        expected = f"{count * dtype.itemsize} bytes of binary data for {datatype} of shape {list(shape)}"
        raise bad_request(f"{place}: expected {expected}, got {len(data)}")
    if datatype == BOOL:
        return np.frombuffer(data, dtype=np.uint8).astype(np.bool_).reshape(shape)
    return np.frombuffer(data, dtype=dtype).reshape(shape)


def bytes_of_values(datatype: str, values: Sequence[object]) -> bytes:
    """Return values as bytes; None is NaN, and an empty text."""
    if datatype == BYTES:
        texts = [cast("str", each or "").encode() for each in values]
        return b"".join([_LENGTH.pack(len(text)) + text for text in texts])
    present = [nan if each is None else each for each in values]
    return np.array(present, dtype=DTYPES[datatype]).tobytes()


def _texts(place: str, count: int, data: bytes) -> Values:
    texts = np.empty(count, dtype=object)
    at = 0
    for number in range(count):
        start = at + _LENGTH.size
        if start > len(data):
            raise bad_request(f"{place}: expected {count} texts with their lengths before them, got {number}")
        end = start + int(_LENGTH.unpack_from(data, at)[0])
        if end > len(data):
            got = f"{len(data) - start} for text {number}"
            raise bad_request(f"{place}: expected {end - start} bytes of binary data, got {got}")
        try:
            texts[number] = data[start:end].decode()
        except UnicodeDecodeError as exc:
            raise bad_request(
                f"{place}: expected texts in UTF-8, got {exc.reason} at byte {exc.start} of text {number}"
            ) from None
        at = end
    if at != len(data):
        raise bad_request(f"{place}: expected {at} bytes of binary data for {count} texts, got {len(data)}")
    return cast("Values", texts)
