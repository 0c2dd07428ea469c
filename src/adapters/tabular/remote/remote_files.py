"""Files of remote stores, by the fsspec file systems that their URLs name."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final, cast
from urllib.parse import urlsplit

from foreseen.adapters.tabular.remote.input_streams import ReadStream
from foreseen.adapters.tabular.remote.store_errors import answer_of
from foreseen.adapters.tabular.remote.urls import is_http, shown_url
from foreseen.domain.errors import TableError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from fsspec.spec import AbstractBufferedFile

BLOCK_BYTES: Final = 8 << 20
_CONNECT_S: Final = 60
_SILENCE_S: Final = 300
"""Seconds without a byte after which a server counts as unreachable."""
_LIBRARIES: Final = {"s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs",
                     "abfss": "adlfs"}  # fmt: skip
"""The package that each kind of store needs besides the extra; these stores have buckets."""


def has_buckets(url: str) -> bool:
    """Return whether the first part of a path in this store is a bucket, which has to exist."""
    return urlsplit(url).scheme in _LIBRARIES


def file_system(url: str) -> tuple["AbstractFileSystem", str]:
    """Return the file system of a URL, and the path in it.

    Raises:
        TableError: there is none, or a library for it is missing.
    """
    name, scheme = shown_url(url), urlsplit(url).scheme
    try:
        from fsspec.core import url_to_fs  # noqa: PLC0415 - an extra

        return cast("tuple[AbstractFileSystem, str]", url_to_fs(url, **(_of_http() if is_http(url) else {})))
    except ImportError as exc:
        packages = " ".join(["'foreseen[remote]'", *filter(None, [_LIBRARIES.get(scheme)])])
        said = f"expected a library for {scheme}:// to be installed, got none"
        raise TableError(f"{name}: {said}; pip install {packages}") from exc
    except Exception as exc:
        raise TableError(f"{name}: expected a URL of a known store such as s3://, got {exc}") from exc


def _of_http() -> dict[str, object]:
    """Return options for HTTP: no compression in transit, and no limit on the time that a large file takes."""
    from aiohttp import ClientTimeout  # noqa: PLC0415 - an extra

    timeout = ClientTimeout(total=None, sock_connect=_CONNECT_S, sock_read=_SILENCE_S)
    return {"headers": {"Accept-Encoding": "identity"}, "client_kwargs": {"timeout": timeout}}


@contextmanager
def opened_url(url: str) -> Iterator[BinaryIO]:
    """Open a file of a store; reading raises TableError if the store fails, or the file is cut off."""
    system, path = file_system(url)
    file = answer_of(url, lambda: _opened(system, path, is_over_http=is_http(url)))
    with file:
        yield cast("BinaryIO", _RemoteStream(file, url))


def _opened(system: "AbstractFileSystem", path: str, *, is_over_http: bool) -> "AbstractBufferedFile":
    file = system.open(path, "rb", block_size=BLOCK_BYTES)
    if not is_over_http or not file.size:
        return file
    try:  # Whether a server sends parts of a file is known only from an attempt.
        file.seek(file.size - 1)
        file.read(1)
    except ValueError:
        file.close()
        return system.open(path, "rb", block_size=0)  # a stream, from the beginning to the end
    file.seek(0)
    return file


class _RemoteStream(ReadStream):
    """A file of a store, whose errors are TableErrors."""

    def __init__(self, file: "AbstractBufferedFile", url: str) -> None:
        self._file = file
        self._url = url
        self._size: int | None = getattr(file, "size", None)

    def read(self, size: int = -1) -> bytes:
        data = cast("bytes", answer_of(self._url, lambda: self._file.read(size)))
        if not data and size and self._size is not None and self._file.tell() < self._size:
            said = f"got {self._file.tell():,} of its {self._size:,} bytes"
            raise TableError(f"{shown_url(self._url)}: expected a whole file, {said}; it was replaced or cut off")
        return data

    def seekable(self) -> bool:
        # fsspec also calls a stream seekable, whose size is not known.
        is_stream = hasattr(self._file, "size") and self._size is None
        return not is_stream and bool(self._file.seekable())

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())
