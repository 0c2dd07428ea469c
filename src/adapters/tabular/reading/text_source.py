"""TextSource: a file's text as UTF-8, whatever it was encoded with."""

import codecs
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, Final

from foreseen.adapters.tabular.reading.wide_encoding import wide_encoding
from foreseen.domain.errors import TableError

if TYPE_CHECKING:
    from typing_extensions import Buffer

_PIECE_BYTES: Final = 1 << 18
_WITHOUT_MARK: Final = {"utf-8": "utf-8-sig"}


class TextSource(io.RawIOBase):
    """A stream of the text as UTF-8 without a byte order mark.

    Attributes:
        bytes_read: bytes of the file that have been read.
    """

    def __init__(
        self,
        stream: BinaryIO,
        *,
        name: str,
        encoding: str = "utf-8",
    ) -> None:
        """Accept the file; errors, which are raised as the text is read, call it `name`."""
        self.bytes_read = 0
        self._stream = stream
        self._name = name
        self._encoding = encoding
        self._newlines = 0
        self._pieces = self._texts()
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: "Buffer") -> int:
        """Fill the buffer with the next part of the text; return its size in bytes, 0 at the end."""
        view = memoryview(buffer)
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        count = min(len(view), len(self._rest))
        view[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def _texts(self) -> Iterator[bytes]:
        decoder = codecs.getincrementaldecoder(_WITHOUT_MARK.get(self._encoding, self._encoding))()
        is_plain = self._encoding in ("utf-8", "ascii")
        is_first = True
        for data in self._raw():
            if is_first and self._encoding == "utf-8":
                self._check_encoding(data)
            if is_plain and not is_first and data.isascii() and not decoder.getstate()[0]:
                text = data
            else:
                text = self._decoded(decoder, data, is_last=False)
            text = text.removeprefix(codecs.BOM_UTF8) if is_first else text
            is_first = is_first and not text
            self._newlines += text.count(b"\n")
            yield text
        self._decoded(decoder, b"", is_last=True)

    def _check_encoding(self, head: bytes) -> None:
        if encoding := wide_encoding(head):
            raise TableError(f"{self._name}: expected UTF-8, got {encoding.upper()}; --encoding {encoding} reads it")

    def _decoded(self, decoder: codecs.IncrementalDecoder, data: bytes, *, is_last: bool) -> bytes:
        try:
            return decoder.decode(data, is_last).encode()
        except UnicodeDecodeError as exc:
            before = exc.object[: exc.start].decode(exc.encoding, "replace").count("\n")
            got = exc.object[exc.start : exc.end].hex(" ")
            place = f"line {self._newlines + before + 1}: expected {self._encoding.upper()}, got the bytes {got}"
            raise TableError(f"{self._name}: {place}; --encoding names another encoding") from None
        except UnicodeError as exc:  # no byte order mark, or half of a surrogate pair
            raise TableError(f"{self._name}: expected {self._encoding.upper()}, got other bytes: {exc}") from None

    def _raw(self) -> Iterator[bytes]:
        while data := self._read():
            self.bytes_read += len(data)
            yield data

    def _read(self) -> bytes:
        try:
            return self._stream.read(_PIECE_BYTES)
        except OSError as exc:
            raise TableError(f"{self._name}: cannot be read: {exc.strerror or exc}") from exc
