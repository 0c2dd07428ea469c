"""The archive that Keras 3 saves: its configuration and its weights are checked before Keras reads them.

Keras makes objects of the classes that a configuration names, and its safe mode has been bypassed before. So only
layers and operations that compute are accepted, by name, and weights that are in the file itself.
"""

import json
import re
import zipfile
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, BinaryIO, Final

from foreseen.adapters.predictor.formats.archive_size import most_unpacked_bytes
from foreseen.adapters.predictor.networks.rejected_file import RejectedFileError

if TYPE_CHECKING:
    import h5py

CONFIG: Final = "config.json"
METADATA: Final = "metadata.json"
WEIGHTS: Final = "model.weights.h5"

_MODULES: Final = re.compile(
    r"keras|keras\.(?:layers|models|initializers|regularizers|constraints|activations|dtype_policies|random)"
    r"|keras\.src\.(?:models\.(?:functional|sequential)|ops\.[a-z_]+)"
)
_OF_KERAS: Final = frozenset({"DTypePolicy", "FloatDTypePolicy", "Functional", "Model", "Sequential"})
_VALUES: Final = frozenset({"__bytes__", "__ellipsis__", "__keras_tensor__", "__numpy__", "__slice__", "__tensor__"})
_CODE: Final = frozenset(
    {
        "FlaxLayer", "Hashing", "IntegerLookup", "JaxLayer", "Lambda", "StringLookup", "TFSMLayer", "TextVectorization",
        "TorchModuleWrapper", "__lambda__", "__typespec__",
    }
)  # fmt: skip
"""Classes that run code of the file, or read other files."""

_NAME: Final = re.compile(r"[A-Za-z_]\w*")


def checked_config(document: object) -> object:
    """Return a configuration without what only training needs.

    Raises:
        RejectedFileError: it names anything but layers and operations of Keras that compute.
    """
    if isinstance(document, list):
        return [checked_config(part) for part in document]
    if not isinstance(document, dict):
        return document
    if "class_name" in document:
        _require_known(document)
    return {name: checked_config(part) for name, part in document.items() if name != "compile_config"}


def _require_known(found: dict[str, object]) -> None:
    name, module, registered = found["class_name"], found.get("module"), found.get("registered_name")
    if not isinstance(name, str) or name in _CODE:
        raise RejectedFileError(
            f"expected layers that Keras computes by itself, got {str(name)[:80]}, which may run code or read files; "
            "try: replace it by layers of Keras, or by a class of your own with predict (docs/models.md)"
        )
    if name in _VALUES:
        return
    what = found.get("config") if name == "function" else name
    is_builtin = name == "function" and module == "builtins"
    is_known = isinstance(module, str) and _MODULES.fullmatch(module) and (module != "keras" or name in _OF_KERAS)
    is_named = isinstance(what, str) and _NAME.fullmatch(what) is not None
    if not is_named or not (is_builtin or is_known) or registered not in (None, what):
        raise RejectedFileError(
            f"expected classes and functions of Keras, got {str(what)[:80]} of {str(registered or module)[:80]}; "
            "try: replace it by layers of Keras, or by a class of your own with predict (docs/models.md)"
        )


def write_checked(file: BinaryIO, target: IO[bytes]) -> None:
    """Read and check an archive, and write it again with nothing but what was checked.

    Raises:
        RejectedFileError: it has anything that is not known to be harmless.
        zipfile.BadZipFile: it is damaged.
    """
    import h5py  # noqa: PLC0415 - Keras has imported it

    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        if sorted(names) != sorted({CONFIG, METADATA, WEIGHTS}):
            others = ", ".join(sorted(set(names) - {CONFIG, METADATA, WEIGHTS}))[:80] or "fewer, or one twice"
            raise RejectedFileError(f"expected the files {CONFIG}, {METADATA} and {WEIGHTS}, got {others}")
        config = checked_config(json.loads(archive.read(CONFIG)))
        with archive.open(WEIGHTS) as weights, h5py.File(weights, "r") as found:
            _require_plain(found, most_unpacked_bytes(archive.getinfo(WEIGHTS).file_size))
        with zipfile.ZipFile(target, "w") as written:
            written.writestr(CONFIG, json.dumps(config))
            written.writestr(METADATA, json.dumps(json.loads(archive.read(METADATA))))
            written.writestr(WEIGHTS, archive.read(WEIGHTS))
    target.flush()


def _require_plain(found: "h5py.File", most_bytes: int) -> None:
    """Raise RejectedFileError for weights that are in other files, or that unpack to far more than their file."""
    size = 0
    for dataset in _datasets(found):
        if dataset.external or dataset.is_virtual:
            raise RejectedFileError("expected weights in the file itself, got some in another file")
        size += int(dataset.nbytes)
    if size > most_bytes:
        raise RejectedFileError(f"expected weights of {most_bytes:,} bytes at most, got {size:,}")


def _datasets(found: "h5py.File") -> Iterator["h5py.Dataset"]:
    import h5py  # noqa: PLC0415 - as above

    waiting, seen = [found["/"]], set[int]()
    while waiting:
        group = waiting.pop()
        address = int(h5py.h5o.get_info(group.id).addr)
        if address in seen:  # groups may contain one another
            continue
        seen.add(address)
        for name in group:
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise RejectedFileError("expected weights in the file itself, got a link")
            part = group[name]
            if isinstance(part, h5py.Dataset):
                yield part
            else:
                waiting.append(part)
