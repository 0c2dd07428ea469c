"""External data: weights that an ONNX file keeps in files beside it, which are part of the model."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from foreseen.adapters.predictor.model_file.model_file import open_model_file
from foreseen.domain.errors import ModelUnavailableError

if TYPE_CHECKING:
    import onnx
    from google.protobuf.message import Message

_ADDRESSES: Final = "*/_ORT_"
"""What a location begins with that onnxruntime takes for an address in its own memory."""


@dataclass(frozen=True, slots=True)
class ExternalData:
    """The files that a model keeps weights in.

    Attributes:
        contents: of each file, by its location in the model.
        digest: 32 bytes of all of them; empty if there are none.
    """

    contents: Mapping[str, bytes]
    digest: bytes = b""


def read_external_data(model: "onnx.ModelProto", path: Path) -> ExternalData:
    """Read the files that a model refers to.

    Raises:
        ModelUnavailableError: one is missing, is not in the model's folder, is too short, or another user may write
            to it.
    """
    ends: dict[str, int] = {}
    for tensor in _tensors(model):
        location, end = _place(tensor, path)
        ends[location] = max(end, ends.get(location, 0))
    contents, digest = {}, sha256()
    for location, end in sorted(ends.items()):
        contents[location], of_file = _read(location, end, path)
        digest.update(repr(location).encode() + of_file)
    return ExternalData(contents, digest.digest() if contents else b"")


def _tensors(message: "Message") -> Iterator["onnx.TensorProto"]:
    """Yield every tensor with external data, wherever in a model it is."""
    waiting = [message]
    while waiting:
        for field, value in waiting.pop().ListFields():
            if field.message_type is None:
                continue
            for part in value if hasattr(value, "__len__") else [value]:
                if field.message_type.name == "TensorProto":
                    if part.external_data or part.data_location:
                        yield part
                else:
                    waiting.append(part)


def _place(tensor: "onnx.TensorProto", path: Path) -> tuple[str, int]:
    """Return the location of a tensor's file, and where its bytes end there."""
    entries = {entry.key: entry.value for entry in tensor.external_data}
    location = entries.get("location", "")
    within = PurePosixPath(location)
    is_place = bool(location) and not location.startswith(_ADDRESSES) and "\\" not in location and "\0" not in location
    if not is_place or within.is_absolute() or ".." in within.parts:
        raise ModelUnavailableError(
            f"{path}: expected external data in a file beside the model, got the location {location!r} of the tensor "
            f"{tensor.name!r}"
        )
    try:
        offset, length = int(entries.get("offset") or 0), int(entries.get("length") or 0)
    except ValueError:
        offset = length = -1
    if offset < 0 or length < 0:
        raise ModelUnavailableError(
            f"{path}: expected an offset and a length of the external data of the tensor {tensor.name!r}, got "
            f"{entries.get('offset')!r} and {entries.get('length')!r}"
        )
    return location, offset + length


def _read(location: str, end: int, model: Path) -> tuple[bytes, bytes]:
    """Return the content of a file, and its digest."""
    path = model.parent / location
    if not path.exists():
        raise ModelUnavailableError(
            f"{model}: expected its external data in {path}, got no such file; copy it beside the model"
        )
    # A link may lead to where the model's own leads, as in the cache of a model hub, but to no other place.
    target = path.resolve()
    if not any(target.is_relative_to(folder) for folder in (model.parent.resolve(), model.resolve().parent)):
        raise ModelUnavailableError(f"{model}: expected its external data in its own folder, got a link to {target}")
    with open_model_file(path) as file:
        content = file.content.read()
    if len(content) < end:
        raise ModelUnavailableError(f"{model}: expected {end:,} bytes in {path} at least, got {len(content):,}")
    return content, file.digest
