"""The files that names of inputs mean: those in a folder, without the files that programs leave beside its parts."""

import os
import re
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path
from typing import Final, NoReturn

from foreseen.adapters.tabular.file_content.opened_file import file_name
from foreseen.adapters.tabular.file_layout import STANDARD
from foreseen.adapters.tabular.remote.remote_listing import remote_files
from foreseen.adapters.tabular.remote.urls import is_remote
from foreseen.adapters.tabular.sources.partitions import keys_of
from foreseen.domain.errors import TableError
from foreseen.domain.tables.file_urls import local_path

_BESIDE: Final = re.compile(r"_SUCCESS|_(common_)?metadata|_(committed|started)_\d+|.*\.crc")
"""Names of files that Spark, Hive and Databricks leave beside parts, which a shell's `*` matches as well."""
_PART: Final = re.compile(r"part-\d")
_ICEBERG: Final = "metadata/*.metadata.json"
_TABLE_FORMATS: Final = {"_delta_log": "Delta", ".hoodie": "Hudi", "_versions": "Lance", _ICEBERG: "Iceberg"}
"""Folders that decide which of the files around them count, with the table format that writes them."""


def listed_sources(sources: Sequence[str], *, output: str | None = None) -> tuple[str, ...]:
    """Return the files to read: in place of folders the files in them, in the order of their names.

    Files of a folder that are hidden or begin with `_` are left out, and parts of 0 bytes everywhere: they have no
    rows. A file that is named twice, by whatever path, is returned once, by the first.

    Args:
        output: the file to write; it may not be in a folder that is read.
    Raises:
        TableError: a folder holds no rows, or a table whose files are not all of its rows; or no file can have a name.
    """
    found: dict[str, None] = {}
    for source in map(local_path, sources):
        if "\0" in source:  # from `%00` in a URL
            raise TableError(f"{source!r}: expected the name of a file, got one with a NUL in it")
        if is_remote(source):
            if output is not None and output.startswith(source.rstrip("/") + "/"):
                raise _output_within(output, source)
            found |= dict.fromkeys(remote_files(source, check=_check_place, is_rows=_is_rows))
            continue
        if source == STANDARD or not os.path.isdir(source):  # noqa: PTH112 - also of what is no path
            if len(sources) == 1 or not _is_beside(source):
                found[source] = None
            continue
        if output not in (None, STANDARD) and _is_within(str(output), source):
            raise _output_within(str(output), source)
        found |= dict.fromkeys(_files_of(source))
    if not found:
        raise TableError(f"{file_name(sources[0])}: expected files of rows, got {len(sources)} that hold none")
    files: dict[Hashable, str] = {}
    for source in found:
        files.setdefault(_identity(source), source)
    return tuple(files.values())


def _identity(source: str) -> Hashable:
    """Return a value that paths of the same file share; a link is a file of its own, since its folders may be keys."""
    if source == STANDARD or "://" in source:
        return source
    folder, name = os.path.split(source)
    return os.path.realpath(folder), name, tuple(keys_of(source).items())


def _output_within(output: str, folder: str) -> TableError:
    said = f"expected an output outside of the folder that is read, {file_name(folder)}"
    return TableError(f"{file_name(output)}: {said}")


def _files_of(folder: str) -> list[str]:
    files = sorted(_walked(folder), key=lambda path: path.split("/"))
    if not files:
        raise TableError(f"{file_name(folder)}: expected a folder with files of rows, got one that holds none")
    return files


def _walked(folder: str) -> Iterator[str]:
    """Yield the files in a folder and its subfolders: each folder once, by its own name rather than by a link."""
    seen: set[tuple[int, int]] = set()
    tops = [folder]
    for top in tops:
        for place, folders, files in os.walk(top, onerror=_raised):
            if not _is_new(place, seen):
                folders.clear()
                continue
            _check_is_plain(place, folders)
            folders[:] = sorted(name for name in folders if not _is_hidden(name))
            paths = [os.path.join(place, name) for name in folders]  # noqa: PTH118 - a Path would rewrite what was named
            tops += filter(os.path.islink, paths)  # `os.walk` does not follow them
            yield from _rows_among(place, files)


def _is_new(folder: str, seen: set[tuple[int, int]]) -> bool:
    """Return whether a folder was not seen yet, and record it."""
    try:
        status = os.stat(folder)  # noqa: PTH116 - a Path would rewrite what was named
    except OSError as exc:
        _raised(exc)
    known = len(seen)
    seen.add((status.st_dev, status.st_ino))
    return len(seen) > known


def _rows_among(place: str, files: Sequence[str]) -> Iterator[str]:
    for name in files:
        path = os.path.join(place, name)  # noqa: PTH118 - a Path would rewrite what was named
        if not _is_hidden(name) and not _BESIDE.fullmatch(name) and not _is_empty(path):
            yield path


def _is_within(path: str, folder: str) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _raised(exc: OSError) -> NoReturn:
    raise TableError(f"{file_name(str(exc.filename))}: cannot be read: {exc.strerror}") from exc


def _check_is_plain(place: str, folders: Sequence[str]) -> None:
    """Raise TableError for a table format whose folder may hold old files: reading all would restore deleted rows."""
    is_iceberg = "metadata" in folders and any(Path(place, "metadata").glob("*.metadata.json"))
    _check_place(place, [*folders, *([_ICEBERG] if is_iceberg else [])])


def _check_place(place: str, names: Sequence[str]) -> None:
    kinds = [_TABLE_FORMATS[name] for name in names if name in _TABLE_FORMATS]
    if kinds:
        said = f"expected a folder whose files are all of its rows, got a {kinds[0]} table"
        raise TableError(f"{file_name(place)}: {said}; write its rows as Parquet")


def _is_rows(path: str, size: int) -> bool:
    """Return whether a file below a folder of a store has rows."""
    parts = path.strip("/").split("/")
    return size > 0 and not any(map(_is_hidden, parts)) and not _BESIDE.fullmatch(parts[-1])


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "_"))


def _is_beside(source: str) -> bool:
    """Return whether a file that was named among others is not one of rows."""
    name = os.path.basename(source)  # noqa: PTH119 - also of what is no path
    return bool(_BESIDE.fullmatch(name)) or (bool(_PART.match(name)) and _is_empty(source))


def _is_empty(path: str) -> bool:
    try:
        return os.stat(path).st_size == 0 and os.path.isfile(path)  # noqa: PTH116, PTH113 - also of what is no path
    except (OSError, ValueError):  # opening it raises the error
        return False
