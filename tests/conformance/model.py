"""The model of a server as its metadata describes it, and requests to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Final

from conformance.tensors import as_datatype, packed

Row = tuple[float, ...]
FLOWERS: Final[tuple[Row, ...]] = ((5.1, 3.5, 1.4, 0.2), (6.1, 2.8, 4.7, 1.2), (6.3, 3.3, 6.0, 2.5))
"""Measurements of three flowers, one of each kind."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor in a model's metadata."""

    name: str
    datatype: str
    shape: tuple[int, ...]

    def shape_of(self, rows: int) -> list[int]:
        """Return its shape for a number of rows; any other variable dimension is 1."""
        return [rows, *(abs(size) for size in self.shape[1:])]


@dataclass(frozen=True, slots=True)
class Model:
    """What a model takes and returns."""

    name: str
    versions: tuple[str, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    @classmethod
    def of(cls, metadata: Mapping[str, Any]) -> "Model":
        """Return what a server's metadata describes."""
        tensors = {
            side: tuple(
                Tensor(each["name"], each["datatype"], tuple(each["shape"])) for each in metadata.get(side) or ()
            )
            for side in ("inputs", "outputs")
        }
        assert tensors["inputs"], "the metadata names no inputs, so that no request can be made from it"
        return cls(metadata["name"], tuple(metadata.get("versions") or ()), tensors["inputs"], tensors["outputs"])

    def tensors(self, rows: Sequence[Row] = FLOWERS[:1], datatype: str = "") -> list[dict[str, Any]]:
        """Return the inputs of a request about these rows, of the metadata's datatypes or another, their data flat."""
        made: list[dict[str, Any]] = []
        column = 0
        for tensor in self.inputs:
            shape = tensor.shape_of(len(rows))
            width = prod(shape[1:])
            kind = datatype or tensor.datatype
            columns = range(column, column + width)
            values = [as_datatype(row[at % len(row)], kind) for row in rows for at in columns]
            made.append({"name": tensor.name, "shape": shape, "datatype": kind, "data": values})
            column += width
        return made

    def request(self, rows: Sequence[Row] = FLOWERS[:1], datatype: str = "", **members: object) -> dict[str, Any]:
        """Return a request about these rows, with further members."""
        return {"inputs": self.tensors(rows, datatype), **members}

    def binary(
        self, rows: Sequence[Row] = FLOWERS[:1], datatype: str = "", **members: object
    ) -> tuple[dict[str, Any], bytes]:
        """Return a request whose inputs follow it as bytes, and the bytes."""
        tensors = self.tensors(rows, datatype)
        blobs = [packed(tensor.pop("data"), tensor["datatype"]) for tensor in tensors]
        for tensor, blob in zip(tensors, blobs, strict=True):
            tensor["parameters"] = {"binary_data_size": len(blob)}
        return {"inputs": tensors, **members}, b"".join(blobs)
