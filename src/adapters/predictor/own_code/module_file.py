"""ModuleFile: the file of one of the user's own modules, read once, so that what is digested is what is executed."""

import sys
from collections.abc import Sequence
from functools import cached_property
from hashlib import file_digest
from importlib.machinery import BYTECODE_SUFFIXES, EXTENSION_SUFFIXES, SOURCE_SUFFIXES, ModuleSpec
from pathlib import Path
from types import CodeType
from typing import Final
from zipimport import zipimporter

from foreseen.adapters.predictor.model_file.model_file import require_private

_PYC_HEADER: Final = 16
"""Bytes before the code in a .pyc: when and from what it was compiled, which does not change what it does."""


class ModuleFile:
    """A module's file, read once and compiled from its source.

    Python's cached byte code is not used. Python takes it as current if it agrees with the source in size and in the
    second of the last change, so that after two changes within a second it may be that of the first.

    Attributes:
        name: of the module.
        spec: as its finder returned it.
        content: its contribution to a fingerprint: its bytes, or the digest of an extension's; empty for a namespace
            package.
    """

    def __init__(self, name: str, spec: ModuleSpec, *, content: bytes | None = None) -> None:
        """Read the file of a module.

        Args:
            content: what it contains, if it was checked and read already.
        Raises:
            ModelUnavailableError: another user may write to it.
            OSError: it cannot be read.
        """
        self.name = name
        self.spec = spec
        self._path = _source_path(spec)
        if self._path and content is None:
            require_private(_existing(self._path), "module")
        self.content = self._read() if content is None else content

    @property
    def is_package(self) -> bool:
        """Whether it may contain other modules."""
        return self.spec.submodule_search_locations is not None

    @property
    def is_extension(self) -> bool:
        """Whether it is machine code, which a process can load only once."""
        return self._path.endswith(tuple(EXTENSION_SUFFIXES))

    @cached_property
    def code(self) -> CodeType | None:
        """Its code; None for an extension or a namespace package.

        Raises:
            SyntaxError: its source is not Python.
        """
        loader: object = self.spec.loader
        if self._path.endswith(tuple(SOURCE_SUFFIXES)):
            # An import hook of the user's may compile in its own way.
            compiled = getattr(loader, "source_to_code", _compiled)(self.content, self._path)
        elif hasattr(loader, "get_code") and not self.is_extension and self._path:
            compiled = loader.get_code(self.spec.name)
        else:
            return None
        return compiled if isinstance(compiled, CodeType) else None

    def _read(self) -> bytes:
        if not self._path:
            return b""
        if self.is_extension:  # perhaps large, and executed by the system's loader
            with Path(self._path).open("rb") as file:
                return file_digest(file, "blake2b").digest()
        read = getattr(self.spec.loader, "get_data", None)
        data: bytes = read(self._path) if read else Path(self._path).read_bytes()
        return data[_PYC_HEADER:] if self._path.endswith(tuple(BYTECODE_SUFFIXES)) else data


def found_spec(name: str, path: Sequence[str] | None) -> ModuleSpec | None:
    """Return where Python finds a module, whether it is imported or not; None if nowhere.

    Args:
        path: search path of the package that it is in; None for a top-level module.
    """
    for finder in sys.meta_path:
        find = None if getattr(finder, "is_of_own_modules", False) else getattr(finder, "find_spec", None)
        if find and (spec := find(name, path, None)):
            return spec  # type: ignore[no-any-return]
    return None


def _source_path(spec: ModuleSpec) -> str:
    """Return the path of a module's file: of the source, if an archive contains byte code as well; empty if none."""
    if not spec.has_location or spec.origin is None:
        return ""
    loader: object = spec.loader
    if isinstance(loader, zipimporter) and spec.origin.endswith(tuple(BYTECODE_SUFFIXES)):
        source = spec.origin[:-1]
        try:
            loader.get_data(source)
        except OSError:
            return spec.origin
        return source
    return spec.origin


def _existing(path: str) -> Path:
    """Return the file that contains a module: the archive, for a path in one."""
    return next((place for place in (Path(path), *Path(path).parents) if place.is_file()), Path(path))


def _compiled(content: bytes, path: str) -> CodeType:
    return compile(content, path, "exec", dont_inherit=True)
