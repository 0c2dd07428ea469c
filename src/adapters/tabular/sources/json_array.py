"""A JSON array as JSON Lines: each value on one line, so that line numbers are those of the values."""

import re
from collections.abc import Iterator
from typing import BinaryIO, Final, cast

from foreseen.adapters.tabular.reading.text_source import TextSource
from foreseen.adapters.tabular.remote.input_streams import ReadStream
from foreseen.domain.errors import TableError

PIECE_BYTES: Final = 1 << 18
LONGEST_BYTES: Final = 256 << 20
_STRING: Final = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|"'
"""A string, or the opening quote of one whose end is not read yet."""
_BETWEEN: Final = re.compile(_STRING + rb"|[\[{,}\]]", re.DOTALL)
_WITHIN: Final = re.compile(_STRING + rb"|[\[{}\]]", re.DOTALL)
_ONE_LINE: Final = bytes.maketrans(b"\r\n", b"\t\t")
"""A tab separates tokens like a line end, and is as invalid in a string."""


def array_of_lines(stream: BinaryIO, *, name: str, encoding: str) -> BinaryIO:
    """Return a stream of lines in UTF-8; reading it raises TableError if there is no array, or it does not end."""
    text = TextSource(stream, name=name, encoding=encoding)
    return cast("BinaryIO", _Lines(_values(_Text(cast("BinaryIO", text), name))))


class _Lines(ReadStream):
    """A stream of values, one per line."""

    def __init__(self, values: Iterator[bytes]) -> None:
        self._values = values
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        """Read some lines."""
        lines = [self._rest]
        length, wanted = len(self._rest), PIECE_BYTES if size < 0 else size
        while length < wanted and (value := next(self._values, None)) is not None:
            lines += [value.translate(_ONE_LINE), b"\n"]
            length += len(value) + 1
        data = b"".join(lines)
        self._rest = data[wanted:]
        return data[:wanted]


class _Text:
    """The part of the text that is being searched."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self.data = b""
        self._stream = stream
        self._name = name

    def grow(self, start: int) -> None:
        """Read more, and drop what is before `start`, which becomes 0; raise TableError at the end."""
        kept = self.data[start:]
        piece = self._stream.read(max(PIECE_BYTES, len(kept)))  # doubled, so that a long value takes linear time
        if not piece:
            raise self.error("the end of the file")
        if len(kept) > LONGEST_BYTES:
            raise self.error(f"a value of more than {LONGEST_BYTES >> 20} MiB")
        self.data = kept + piece

    def check_end(self, at: int) -> None:
        """Raise TableError if anything follows."""
        rest = self.data[at:]
        while not rest.strip():
            rest = self._stream.read(PIECE_BYTES)
            if not rest:
                return
        raise self.error("more after its end")

    def error(self, got: str) -> TableError:
        """Return the error for anything but an array."""
        return TableError(f"{self._name}: expected a JSON array, got {got}")


def _values(text: _Text) -> Iterator[bytes]:
    """Yield the texts between the commas of an array, ignoring those in strings, lists and objects within it.

    They are not checked to be JSON.
    """
    start = depth = 0
    at = start = _opened(text)
    while True:
        found = (_WITHIN if depth else _BETWEEN).search(text.data, at)
        if found is None or found[0] == b'"':
            at = (found.start() if found else len(text.data)) - start
            text.grow(start)
            start = 0
            continue
        token, at = found[0][:1], found.end()
        if token in b"[{":
            depth += 1
        elif depth:
            depth -= token in b"}]"
        elif token != b'"':
            yield text.data[start : found.start()].strip()
            start = at
            if token != b",":
                break
    text.check_end(at)


def _opened(text: _Text) -> int:
    """Return where the first value begins."""
    while not text.data.lstrip():
        text.grow(0)
    if not text.data.lstrip().startswith(b"["):
        raise text.error("other JSON")
    return text.data.index(b"[") + 1
