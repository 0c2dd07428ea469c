"""A file of a remote store that is there whole or not at all: written here, and sent when it is whole."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from foreseen.adapters.tabular.sources.remote import answer_of, file_system, shown_url
from foreseen.domain.errors import TableError, UnwritableError


def check_new(url: str, *, force: bool) -> None:
    """Raise TableError where there is such a file and it may not be replaced, or the store does not answer."""
    system, path = file_system(url)
    if answer_of(url, lambda: system.exists(path), done="written") and not force:
        raise TableError(f"{shown_url(url)}: expected a new file, got one that exists; --force replaces it")


@contextmanager
def remote_file(url: str) -> Iterator[BinaryIO]:
    """Open a file that is sent when the block ends well; where that fails, it is kept on this machine.

    Raises:
        UnwritableError: it cannot be sent, and where it is kept.
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
            raise UnwritableError(f"{exc}; what was to be written is {name}") from exc
    finally:
        if not is_kept:
            Path(name).unlink(missing_ok=True)
