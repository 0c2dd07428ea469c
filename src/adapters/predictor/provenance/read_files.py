"""Read files: the files that a model's own code reads, as the sidecar's [fingerprint] lists them."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Self

from foreseen.adapters.predictor.model_file.model_file import require_private
from foreseen.domain.errors import ModelUnavailableError


@dataclass(frozen=True, slots=True)
class ReadFiles:
    """The listed files as they were when the model began to load.

    Attributes:
        versions: device, inode, size and time of change of each file, by its path relative to the sidecar.
    """

    sidecar: Path
    versions: Mapping[str, tuple[int, ...]]

    @classmethod
    def listed_in(cls, sidecar: Path | None) -> Self:
        """Find the files that a sidecar lists; none without a sidecar.

        Raises:
            ModelUnavailableError: the sidecar is unusable, or a pattern names no file or is not relative.
        """
        if sidecar is None:
            return cls(Path(), {})
        from foreseen.adapters.predictor.sidecar.sidecar import read_sidecar  # noqa: PLC0415 - with pydantic, which few models need

        return cls.listed(sidecar, read_sidecar(sidecar).fingerprint.files)

    @classmethod
    def listed(cls, sidecar: Path, patterns: Iterable[str]) -> Self:
        """Find the files that patterns name, relative to the sidecar's folder; raise as `listed_in`."""
        folder = sidecar.parent
        found = {path for pattern in patterns for path in _matching(sidecar, pattern)}
        return cls(sidecar, {Path(os.path.relpath(path, folder)).as_posix(): _version(path) for path in found})

    def digests(self) -> dict[str, bytes]:
        """Digest each file, by its path relative to the sidecar.

        Raises:
            ModelUnavailableError: another user may write to a file, or it has changed since, so that the model may have
                read a mixture of two versions.
        """
        return {name: self._digest(name, version) for name, version in self.versions.items()}

    def _digest(self, name: str, version: tuple[int, ...]) -> bytes:
        path = self.sidecar.parent / name
        try:
            require_private(path, "listed file")
            with path.open("rb") as file:
                digest = file_digest(file, "blake2b").digest()
            if _version(path) == version:
                return digest
        except OSError as exc:
            raise ModelUnavailableError(
                f"{self.sidecar}: fingerprint.files: expected a readable file {name}: {exc.strerror}"
            ) from exc
        raise ModelUnavailableError(
            f"{self.sidecar}: fingerprint.files: expected {name} not to change while the model loads, but it did; "
            "load the model again"
        )


def _matching(sidecar: Path, pattern: str) -> Iterator[Path]:
    try:
        found = [path for path in sidecar.parent.glob(pattern) if path.is_file()]
    except (NotImplementedError, ValueError):  # an absolute pattern, an empty one, or ** beside something else
        raise ModelUnavailableError(
            f"{sidecar}: fingerprint.files: expected a path or pattern relative to the sidecar, got {pattern!r}"
        ) from None
    if not found:
        raise ModelUnavailableError(
            f"{sidecar}: fingerprint.files: expected {pattern!r} to name a file in {sidecar.resolve().parent}, "
            "got no such file"
        )
    yield from found


def _version(path: Path) -> tuple[int, ...]:
    status = path.stat()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
