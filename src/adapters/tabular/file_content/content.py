"""The content of a file: opened, uncompressed, and recognised by its first bytes."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Final, cast

from foreseen.adapters.tabular.file_content.decompression import decompressed
from foreseen.adapters.tabular.file_content.opened_file import file_name, opened_file
from foreseen.adapters.tabular.file_content.recognise_content import (
    HEAD_BYTES,
    Other,
    compression_of,
    is_zip,
    kind_of,
    other_of,
)
from foreseen.adapters.tabular.file_content.zipped_file import Member, only_member
from foreseen.adapters.tabular.file_layout import Kind, Layout, layout_to_read, uncompressed_name
from foreseen.adapters.tabular.remote.input_streams import CountedStream, peeked, seekable
from foreseen.domain.errors import TableError
from foreseen.domain.tables.table_format import TableForm

SOUGHT_IN: Final = ("parquet", "arrow", "orc", "xlsx")
"""Kinds whose end is read first."""


@dataclass(frozen=True, slots=True)
class Content:
    """A file that is open.

    Attributes:
        name: for errors and rejects.
        stream: its bytes, uncompressed.
        layout: their format and its options.
        file: the file itself, which counts the bytes that are read.
        is_packed: whether it is compressed.
        sheet: which sheet of a workbook; None for the first.
    """

    name: str
    stream: BinaryIO
    layout: Layout
    file: CountedStream
    is_packed: bool
    sheet: str | None


@contextmanager
def opened_content(path: str, standard_input: BinaryIO | None, form: TableForm) -> Iterator[Content]:
    """Open a file; one that is read from its end is copied to disk if it comes through a pipe or compressed.

    Raises:
        TableError: it cannot be read, or its format is not supported.
    """
    with ExitStack() as files:
        file = CountedStream(files.enter_context(opened_file(path, standard_input)))
        yield _Unwrapper(path, form, files).content(file)


class _Unwrapper:
    """Unwraps a file from archives and compression until its first bytes are those of a table."""

    def __init__(self, path: str, form: TableForm, files: ExitStack) -> None:
        self._name = file_name(path)
        self._named, _ = uncompressed_name(self._name)
        self._form = form
        self._files = files
        self._kind: Kind | None = None

    def content(self, file: CountedStream) -> Content:
        """Return the content of a file."""
        head, stream = self._looked_at(cast("BinaryIO", file))
        is_packed = False
        while (inner := self._unwrapped(head, stream)) is not None:
            is_packed = True
            head, stream = self._looked_at(inner)
        layout = self._layout(head)
        if layout.kind in SOUGHT_IN:
            stream = self._files.enter_context(seekable(file.file if file.seekable() and not is_packed else stream))
        return Content(self._name, stream, layout, file, is_packed, self._form.sheet)

    def _looked_at(self, stream: BinaryIO) -> tuple[bytes, BinaryIO]:
        """Return the first bytes of a stream, and a stream that begins with them, which is seekable for an archive."""
        head, stream = peeked(stream, HEAD_BYTES)
        return head, self._files.enter_context(seekable(stream)) if is_zip(head) else stream

    def _unwrapped(self, head: bytes, stream: BinaryIO) -> BinaryIO | None:
        """Return the stream inside a compressed one; None if it is not compressed."""
        if is_zip(head):
            return self._archived(stream)
        compression = compression_of(head)
        return None if compression is None else decompressed(stream, compression, name=self._name)

    def _archived(self, stream: BinaryIO) -> BinaryIO | None:
        """Return the one file of an archive; None if the archive itself is a file of rows."""
        found = only_member(stream, name=self._name)
        if isinstance(found, Other):
            raise self._unreadable(found)
        if isinstance(found, Member):
            self._named, _ = uncompressed_name(found.name)
            return found.stream
        self._kind = found
        stream.seek(0)
        return None

    def _layout(self, head: bytes) -> Layout:
        kind = self._kind or kind_of(head)
        if kind is None and (other := other_of(head)):
            raise self._unreadable(other)
        return layout_to_read(self._named, self._form, kind, head)

    def _unreadable(self, other: Other) -> TableError:
        return TableError(f"{self._name}: expected a file of rows, got {other.name}; {other.advice}")
