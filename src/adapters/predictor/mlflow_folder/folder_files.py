"""The files of a folder with a model: none outside it, none that another user could change, and what is in them."""

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import file_digest, sha256
from hmac import compare_digest
from pathlib import Path
from typing import Final

from foreseen.adapters.predictor.model_file.model_file import require_private
from foreseen.domain.errors import ModelUnavailableError

NOT_COUNTED: Final = "__pycache__"
"""Folders of byte code, which Python writes while a model is used; own modules are compiled from their source."""

MOST_FILES: Final = 100_000

DESCRIPTIONS: Final = frozenset(
    {
        "MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt", "registered_model_meta", "README.md",
        "input_example.json", "serving_input_example.json", "input_dataset.json", "environment_variables.txt",
    }
)  # fmt: skip
"""Files that say where a model comes from and how to install its libraries; MLflow puts copies into `metadata`."""


@dataclass(frozen=True, slots=True)
class FolderFiles:
    """The files in a folder, by name relative to it, in the order of the bytes of their names.

    Attributes:
        versions: device, inode, size and time of change of each file when it was found.
    """

    folder: Path
    versions: Mapping[str, tuple[int, ...]]

    @classmethod
    def of(cls, folder: Path) -> "FolderFiles":
        """Find the files of a folder and of those in it; what is in a linked folder counts where it really is.

        Raises:
            ModelUnavailableError: a link leads out of the folder, or something is no regular file.
        """
        try:
            names = sorted(_names(folder), key=os.fsencode)
            return cls(folder, {name: _version(folder / name) for name in names})
        except OSError as exc:
            raise _unreadable(exc.filename or folder, exc) from exc

    def __contains__(self, name: object) -> bool:
        return name in self.versions

    def require_private(self, *, otherwise: str = ", or pin the folder with --model-sha256") -> None:
        """Raise ModelUnavailableError if another user could change the folder or a file in it.

        Args:
            otherwise: another remedy, which ends the message; "" where a pin is none, since a library reads the files
                again by their paths, whatever they are by then.
        """
        for name in self.versions:
            path = self.folder / name
            try:
                require_private(path, "model file", otherwise=otherwise)
            except OSError as exc:
                raise _unreadable(path, exc) from exc

    def digests(self, *, leaving_out: str = "") -> dict[str, bytes]:
        """Return the SHA-256 of each file, by its name."""
        return {name: self._digest(name) for name in self.versions if name != leaving_out}

    def pinned(self, sha256: str) -> dict[str, bytes]:
        """Return the digests of all files; raise ModelUnavailableError unless they are those that were pinned."""
        digests = self.digests()
        found = folder_sha256(digests)
        if not compare_digest(found, sha256):
            raise ModelUnavailableError(f"{self.folder}: expected SHA-256 {sha256}, got {found}; nothing was loaded")
        return digests

    def require_unchanged(self) -> None:
        """Raise ModelUnavailableError if a file was changed, added or removed since they were found."""
        now = FolderFiles.of(self.folder).versions
        changed = next(
            (name for name in sorted({*now, *self.versions}) if now.get(name) != self.versions.get(name)), ""
        )
        if changed:
            raise ModelUnavailableError(
                f"{self.folder}: expected a folder that does not change while it is loaded, but {changed} did; "
                "try: write the new model into a folder beside it and rename that"
            )

    def _digest(self, name: str) -> bytes:
        path = self.folder / name
        try:
            with path.open("rb") as file:
                return file_digest(file, "sha256").digest()
        except OSError as exc:
            raise _unreadable(path, exc) from exc


def folder_sha256(digests: Mapping[str, bytes]) -> str:
    """Return the SHA-256 by which a folder is pinned, in hex: that of the lines which `sha256sum` writes of its files.

    Args:
        digests: of each file by its name, in the order of the names' bytes.
    """
    lines = (f"{digest.hex()}  ./{name}\n" for name, digest in digests.items())
    return sha256(os.fsencode("".join(lines))).hexdigest()


def is_description(name: str) -> bool:
    """Return whether no answer of a model whose own file is loaded depends on a file of this name."""
    return name.removeprefix("metadata/") in DESCRIPTIONS


def content_digest(digests: Mapping[str, bytes], settings: bytes) -> bytes:
    """Return what identifies a model by its folder, 32 bytes.

    Args:
        digests: of the files that count, by name, in a fixed order.
        settings: what counts of MLmodel; of a folder without one, the name of its format.
    """
    digest = sha256(b"folder\0" + sha256(settings).digest())
    for name, each in digests.items():
        digest.update(sha256(os.fsencode(name)).digest() + sha256(each).digest())
    return digest.digest()


def _names(folder: Path) -> Iterator[str]:
    real = folder.resolve()
    number = 0
    for here, folders, files in os.walk(folder, onerror=_raise):
        folders[:] = [each for each in folders if each != NOT_COUNTED]
        for each in [*folders, *files]:
            path = Path(here) / each
            _require_within(path, real)
            number += 1
            if number > MOST_FILES:
                raise ModelUnavailableError(
                    f"{folder}: expected the folder of a model, got more than {MOST_FILES} files"
                )
        for each in files:
            path = Path(here) / each
            name = path.relative_to(folder).as_posix()
            if not stat.S_ISREG(path.stat().st_mode):
                raise ModelUnavailableError(f"{path}: expected a regular file in the folder of a model")
            if "\n" in name or "\\" in name or "\r" in name:
                raise ModelUnavailableError(f"{folder}: expected names without line breaks and \\, got {name!r}")
            yield name


def _raise(exc: OSError) -> None:
    raise exc


def _require_within(path: Path, real: Path) -> None:
    if path.is_symlink() and not path.resolve().is_relative_to(real):
        raise ModelUnavailableError(
            f"{path}: expected a folder whose links stay in it, got one that leads to {path.readlink()}; "
            "try: copy the file there"
        )


def _version(path: Path) -> tuple[int, ...]:
    status = path.stat()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _unreadable(path: object, exc: OSError) -> ModelUnavailableError:
    return ModelUnavailableError(f"{path}: expected a readable file of a model: {exc.strerror or exc}")
