"""A file of a remote store that is complete or absent: written here, and sent when it is complete."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from foreseen.adapters.tabular.remote.remote_files import file_system, has_buckets
from foreseen.adapters.tabular.remote.store_errors import answer_of
from foreseen.adapters.tabular.remote.urls import is_http, shown_url
from foreseen.domain.errors import TableError, UnwritableError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


def check_new(url: str, *, force: bool) -> None:
    """Check that a file could be created in a store.

    Raises:
        TableError: there is one that may not be replaced, or a folder, or no such bucket, or the store does not answer.
    """
    found = _known(url)
    if found is not None and not force:
        raise TableError(f"{shown_url(url)}: expected a new file, got one that exists; --force replaces it")


def check_replaceable(url: str, is_replaceable: Callable[[bytes], bool], *, most_bytes: int) -> bool:
    """Return whether a file could be created in a store: there is none, or one that begins with the right bytes.

    Raises:
        TableError: raised by `check_new`.
    """
    if _known(url) is None:
        return True
    system, path = file_system(url)
    return is_replaceable(answer_of(url, lambda: cast("bytes", system.cat_file(path, end=most_bytes))))


@contextmanager
def remote_file(url: str) -> Iterator[BinaryIO]:
    """Open a file that is sent when the block ends well; if that fails, it is kept on this machine.

    Raises:
        UnwritableError: it cannot be sent; the message says where it is kept.
    """
    system, path = file_system(url)
    handle, name = tempfile.mkstemp(prefix="foreseen-", suffix=f"-{path.rpartition('/')[2]}")
    is_kept = False
    try:
        with os.fdopen(handle, "wb") as file:
            yield cast("BinaryIO", file)
        try:
            answer_of(url, lambda: system.put_file(name, path), done="written")
        except TableError as exc:
            is_kept = True
            raise UnwritableError(f"{exc}; the output is kept in {name}") from exc
    finally:
        if not is_kept:
            Path(name).unlink(missing_ok=True)


def remove(url: str) -> None:
    """Remove a file from a store, if that is possible."""
    system, path = file_system(url)
    with suppress(TableError):
        answer_of(url, lambda: system.rm_file(path), done="removed")


def _known(url: str) -> dict[str, object] | None:
    """Return a store's record of a file to be written; None if there is none yet."""
    name = shown_url(url)
    if is_http(url):
        raise TableError(f"{name}: expected a path or a URL of a store such as s3:// to write to, got one of HTTP")
    system, path = file_system(url)
    found = answer_of(url, lambda: _info(system, path), done="written")
    if url.endswith("/") or (found is not None and found.get("type") == "directory"):
        raise TableError(f"{name}: expected the name of a file to write, got a folder")
    if found is None and has_buckets(url):
        answer_of(url, lambda: _require_bucket(system, path.partition("/")[0]), done="written")
    return found


def _info(system: "AbstractFileSystem", path: str) -> dict[str, object] | None:
    try:
        return cast("dict[str, object]", system.info(path))
    except FileNotFoundError:
        return None


def _require_bucket(system: "AbstractFileSystem", bucket: str) -> None:
    with suppress(PermissionError):  # permission to write files need not include the bucket itself
        system.info(bucket)
