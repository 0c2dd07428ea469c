"""Zip archives: what they hold."""

import zipfile
from collections.abc import Sequence
from typing import BinaryIO, Final

from foreseen.adapters.predictor.formats.binary_formats import KERAS, TORCH
from foreseen.adapters.predictor.formats.model_format import WRAP, FileFormat

OLD_PROGRAM: Final = "serialized_exported_program.json"
"""The file of a program that torch.export.save wrote before PyTorch 2.8."""

_SAVED: Final = (".joblib", ".pkl", ".pickle")


def is_zip(head: bytes) -> bool:
    """Return whether a file begins as a zip archive does."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def is_exported_program(names: Sequence[str]) -> bool:
    """Return whether names in an archive are those of a program that torch.export.save wrote, in any version."""
    return OLD_PROGRAM in names or any(name.endswith(("/archive_format", "/models/model.json")) for name in names)


def is_torch_script(names: Sequence[str]) -> bool:
    """Return whether names in an archive are those of a TorchScript module."""
    return any(name.rpartition("/")[2] == "constants.pkl" for name in names)


def is_saved_by_torch(names: Sequence[str]) -> bool:
    """Return whether names in an archive are those of an object that torch.save wrote.

    It writes a version file beside data.pkl; data.pkl alone may be any pickle.
    """
    return any(name.endswith("data.pkl") and f"{name.removesuffix('data.pkl')}version" in names for name in names)


def is_keras(names: Sequence[str]) -> bool:
    """Return whether names in an archive are those of a model of Keras 3."""
    return {"config.json", "model.weights.h5"} <= set(names)


def zip_format(file: BinaryIO) -> FileFormat:
    """Return the format of a zip archive, judged by the names in it."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return FileFormat("a zip archive that is damaged or cut off", "copy it again")
    return _of_names(names) or _plain(names)


def _of_names(names: Sequence[str]) -> FileFormat | None:
    ends = {name.rpartition("/")[2] for name in names}
    if is_keras(names):
        return KERAS
    if is_torch_script(names):
        return FileFormat("a TorchScript model", WRAP)
    if is_saved_by_torch(names):
        return TORCH
    if "model.ini" in ends:
        return FileFormat("an H2O MOJO model", WRAP)
    if "[Content_Types].xml" in names:
        return FileFormat("an Office document, which is data and not a model")
    if names and all(name.endswith(".npy") for name in names):
        return FileFormat("arrays that numpy.savez wrote, which is data and not a model")
    return None


def _plain(names: Sequence[str]) -> FileFormat:
    saved = [name for name in names if name.endswith(_SAVED)]
    if saved:
        return FileFormat(f"a zip archive that holds {saved[0]}", f"unpack it and name {saved[0]}")
    return FileFormat(f"a zip archive of {len(names)} files")
