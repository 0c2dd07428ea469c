"""Values of tensors: flat and nested, as texts of JSON and as bytes."""

import struct
from collections.abc import Iterator, Sequence
from typing import Any, Final

FORMATS: Final = {
    "BOOL": "?",
    "UINT8": "B",
    "UINT16": "H",
    "UINT32": "I",
    "UINT64": "Q",
    "INT8": "b",
    "INT16": "h",
    "INT32": "i",
    "INT64": "q",
    "FP16": "e",
    "FP32": "f",
    "FP64": "d",
}
"""The datatypes of fixed size, as `struct` names them."""
DATATYPES: Final = {*FORMATS, "BYTES", "BF16"}
"""The table of inference_grpc.md, "Tensor Data Types", and BF16, which the proto names."""


def flat(data: Any) -> list[Any]:
    """Return the values of nested lists in row-major order."""
    return list(_values(data))


def _values(data: Any) -> Iterator[Any]:
    for value in data:
        if isinstance(value, list):
            yield from _values(value)
        else:
            yield value


def nested(values: Sequence[Any], shape: Sequence[int]) -> list[Any]:
    """Return flat values as nested lists of this shape."""
    if len(shape) <= 1:
        return list(values)
    step = len(values) // shape[0]
    return [nested(values[start : start + step], shape[1:]) for start in range(0, len(values), step)]


def packed(values: Sequence[Any], datatype: str) -> bytes:
    """Return values as the bytes of a binary or raw tensor."""
    if datatype == "BYTES":
        texts = [value if isinstance(value, bytes) else str(value).encode() for value in values]
        return b"".join(struct.pack("<I", len(text)) + text for text in texts)
    return struct.pack(f"<{len(values)}{FORMATS[datatype]}", *values)


def unpacked(data: bytes, datatype: str) -> list[Any]:
    """Return the values of a binary or raw tensor; texts as text."""
    if datatype != "BYTES":
        size = struct.calcsize(f"<{FORMATS[datatype]}")
        assert len(data) % size == 0, f"{len(data)} bytes are no whole values of {datatype}"
        return list(struct.unpack(f"<{len(data) // size}{FORMATS[datatype]}", data))
    texts = []
    while data:
        (length,) = struct.unpack_from("<I", data)
        texts.append(data[4 : 4 + length].decode())
        data = data[4 + length :]
    return texts


def as_datatype(value: float, datatype: str) -> Any:
    """Return a measurement as a value of this datatype."""
    if datatype.startswith(("FP", "BF")):
        return float(value)
    if datatype == "BOOL":
        return value > 2
    return str(value) if datatype == "BYTES" else int(value)
