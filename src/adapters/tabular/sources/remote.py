"""Files of remote stores, by whatever of fsspec's file systems their URLs name."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final, TypeVar, cast
from urllib.parse import urlsplit
from urllib.request import url2pathname

from foreseen.adapters.tabular.sources.streams import ReadStream
from foreseen.domain.errors import TableError

_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(::|://)")
_DATABASES: Final = ("sqlite", "duckdb")
_BLOCK_BYTES: Final = 8 << 20
_EXTRAS: Final = {"s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs",
                  "abfss": "adlfs", "http": "aiohttp", "https": "aiohttp"}  # fmt: skip
"""What each kind of URL takes beside fsspec."""

Result = TypeVar("Result")


def is_remote(path: str) -> bool:
    """Return whether a name is a URL of a store rather than a path."""
    return bool(_URL.match(path)) and urlsplit(path).scheme not in _DATABASES


def local_path(path: str) -> str:
    """Return the path that a `file://` URL names; any other name as it is."""
    return url2pathname(urlsplit(path).path) if path.startswith("file://") else path


def shown_url(url: str) -> str:
    """Return a URL for errors and rejects: without what is secret of it, its query and who asks."""
    place = url.partition("?")[0]
    scheme, found, rest = place.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{found}{host.rpartition('@')[2]}{slash}{path}"


def file_system(url: str) -> tuple[Any, str]:
    """Return the file system of a URL, and the path in it.

    Raises:
        TableError: there is none, or a library for it is missing.
    """
    try:
        from fsspec.core import url_to_fs  # noqa: PLC0415 - an extra

        return cast("tuple[Any, str]", url_to_fs(url))
    except ImportError as exc:
        extra = _EXTRAS.get(urlsplit(url).scheme)
        install = "install foreseen[remote]" + (f" and {extra}" if extra else "")
        raise TableError(f"{shown_url(url)}: expected a library for such URLs, got none ({exc}); {install}") from exc
    except Exception as exc:
        raise TableError(f"{shown_url(url)}: expected a URL of a known store such as s3://, got {exc}") from exc


def answer_of(url: str, what: Callable[[], Result], *, done: str = "read") -> Result:
    """Return what a store answers; raise TableError where it fails, with what it says of itself in a line."""
    try:
        return what()
    except TableError:
        raise
    except FileNotFoundError:
        raise TableError(f"{shown_url(url)}: expected a file of rows, got no such file") from None
    except Exception as exc:
        said = " ".join(str(exc).split()) or type(exc).__name__
        raise TableError(f"{shown_url(url)}: cannot be {done}: {said}") from exc


@contextmanager
def opened_url(url: str) -> Iterator[BinaryIO]:
    """Open a file of a store; reading raises TableError where the store fails."""
    system, path = file_system(url)
    file = answer_of(url, lambda: system.open(path, "rb", block_size=_BLOCK_BYTES))
    with file:
        yield cast("BinaryIO", _RemoteStream(file, url))


class _RemoteStream(ReadStream):
    """A file of a store, its errors worded."""

    def __init__(self, file: Any, url: str) -> None:
        self._file = file
        self._url = url

    def read(self, size: int = -1) -> bytes:
        return cast("bytes", answer_of(self._url, lambda: self._file.read(size)))

    def seekable(self) -> bool:
        return bool(self._file.seekable())

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())
