"""The archive that torch.export.save writes: read, checked, and written again with nothing but what was checked.

PyTorch unpickles weights that are marked so, loads compiled libraries, and reads zip archives by its own rules. What it
is given is therefore a new archive.
"""

import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final, cast

from foreseen.adapters.predictor.formats.zip_archives import OLD_PROGRAM
from foreseen.adapters.predictor.networks.exported_graph import checked_graph
from foreseen.adapters.predictor.networks.exported_inputs import ExportedInputs, exported_inputs
from foreseen.adapters.predictor.networks.exported_schema import Payload, Payloads, TensorMeta
from foreseen.adapters.predictor.networks.rejected_file import RejectedFileError

_MODEL: Final = "models/model.json"
_CONFIGS: Final = ("data/weights/model_weights_config.json", "data/constants/model_constants_config.json")
_PAYLOAD: Final = re.compile(r"(?:weight|tensor)_\d+")
_SAVE_AGAIN: Final = "try: torch.export.save(program, path) with PyTorch 2.8 or newer"
_COMPILED: Final = "data/aotinductor/"
_FORMAT: Final = {"archive_format": b"pt2", "archive_version": b"0", "byteorder": b"little", ".data/version": b"3"}
_LONGEST_JSON: Final = 2**28


@dataclass(frozen=True, slots=True)
class ExportedArchive:
    """An exported program whose content was checked.

    Attributes:
        content: an archive as torch.export.save writes it.
        inputs: what the program is called with.
    """

    content: io.BytesIO
    inputs: ExportedInputs


def checked_archive(file: BinaryIO) -> ExportedArchive:
    """Read and check an exported program.

    Raises:
        RejectedFileError: it has anything that is not known to be harmless, or is of another version.
        zipfile.BadZipFile: it is damaged.
    """
    with zipfile.ZipFile(file) as archive:
        members = _members(archive)
        graph = checked_graph(_json(archive, members, _MODEL))
        inputs = exported_inputs(graph)
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as written:
            for name, value in _FORMAT.items():
                written.writestr(f"model/{name}", _text(archive, members, name) if name == "archive_version" else value)
            written.writestr(f"model/{_MODEL}", json.dumps(graph))
            written.writestr("model/data/sample_inputs/model.pt", b"")  # which PyTorch would unpickle
            for path in _CONFIGS:
                _copy_payloads(archive, members, written, path)
    content.seek(0)
    return ExportedArchive(content, inputs)


def _members(archive: zipfile.ZipFile) -> Mapping[str, str]:
    """Return the name of each member by its name within the archive's only folder."""
    names = archive.namelist()
    if OLD_PROGRAM in names:
        raise RejectedFileError(f"expected a program of PyTorch 2.8 or newer, got an older one; {_SAVE_AGAIN}")
    folders = {name.partition("/")[0] for name in names}
    members = {name.partition("/")[2]: name for name in names}
    if len(folders) != 1 or len(members) != len(names):
        raise RejectedFileError("expected one folder in the archive, with each file once")
    if any(name.startswith(_COMPILED) for name in members):
        raise RejectedFileError(
            "expected a graph, got a compiled library, which would run as it is; try: torch.export.save(program, path)"
        )
    programs = [name for name in members if name.startswith("models/")]
    if programs != [_MODEL]:
        got = ", ".join(programs)[:80] or "none"
        raise RejectedFileError(f"expected one program in the archive, {_MODEL}, got {got}")
    return members


def _text(archive: zipfile.ZipFile, members: Mapping[str, str], name: str) -> str:
    text = archive.read(members[name]).decode("ascii") if name in members else ""
    if not text.isdigit():
        raise RejectedFileError(f"expected a number in {name}, got {text[:20]!r}")
    return text


def _json(archive: zipfile.ZipFile, members: Mapping[str, str], name: str) -> object:
    if name not in members:
        raise RejectedFileError(f"expected {name} in the archive, got no such file")
    if archive.getinfo(members[name]).file_size > _LONGEST_JSON:
        raise RejectedFileError(f"expected {name} of {_LONGEST_JSON:,} bytes at most")
    return json.loads(archive.read(members[name]))


def _copy_payloads(archive: zipfile.ZipFile, members: Mapping[str, str], written: zipfile.ZipFile, path: str) -> None:
    """Write the weights or constants that a document lists, and the document without anything else."""
    folder = path.rpartition("/")[0]
    config = cast("Payloads", _json(archive, members, path))["config"]  # anything else is an error below
    checked = {name: _payload(name, found) for name, found in config.items()}
    written.writestr(f"model/{path}", json.dumps({"config": checked}))
    for payload in dict.fromkeys(found["path_name"] for found in checked.values()):
        name = f"{folder}/{payload}"
        if name not in members:
            raise RejectedFileError(f"expected {name} in the archive, got no such file")
        info = archive.getinfo(members[name])
        if not info.file_size and any(_values(found) for found in checked.values() if found["path_name"] == payload):
            raise RejectedFileError(f"expected the values of a tensor in {name}, got an empty file")
        written.writestr(f"model/{name}", archive.read(info))


def _payload(name: str, found: Payload) -> Payload:
    if found["use_pickle"] or not _PAYLOAD.fullmatch(found["path_name"]):
        raise RejectedFileError(f"expected a plain tensor in {name[:80]!r}, got a pickled object, which may run code")
    return {**found, "tensor_meta": _checked_meta(found["tensor_meta"])}


def _checked_meta(meta: TensorMeta) -> TensorMeta:
    """Return the description of a tensor on the CPU with known sizes; raise RejectedFileError for any other."""
    if meta["device"]["type"] != "cpu":
        raise RejectedFileError(f"expected weights on the CPU, got some on {str(meta['device']['type'])[:20]!r}")
    if not all(type(each.get("as_int")) is int for each in (*meta["sizes"], *meta["strides"])):
        raise RejectedFileError("expected weights of known sizes")
    return meta


def _values(found: Payload) -> int:
    count = 1
    for size in found["tensor_meta"]["sizes"]:
        count *= size["as_int"]
    return count
