"""CsvBlocks: a CSV text in blocks of whole rows, each row with the line of the file that it begins on."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

import numpy as np

from foreseen.adapters.tabular.csv.csv_blanks import without_blanks_at_quotes
from foreseen.adapters.tabular.csv.csv_comments import without_signs_in_comments
from foreseen.adapters.tabular.csv.csv_rows import Rows, rows_of
from foreseen.adapters.tabular.csv.csv_special_characters import Places, Signs, text_behind
from foreseen.adapters.tabular.file_layout import Layout
from foreseen.adapters.tabular.reading.chunk_sizes import GATHERED_ROWS
from foreseen.domain.errors import TableError

MOST_LINES: Final = 1000
"""Maximum lines of a row: beyond it, a quote is probably an ordinary character."""
_READS_A_BLOCK: Final = 4
_HEADER_BYTES: Final = 1 << 24
_HINT: Final = "--quote none reads quotes as ordinary characters"
_SEPARATOR_LINE: Final = re.compile(rb'"?sep=([\x01-\x7f])"?(?:\r\n?|\n)', re.IGNORECASE)
"""What Excel reads and writes before the header to say how cells are delimited."""
_LINE: Final = re.compile(rb"[^\r\n]*(?:\r\n?|\n)")


@dataclass(frozen=True, slots=True)
class Block:
    """Some whole rows.

    Attributes:
        text: all of them.
        edges: where in it each begins, and where the last ends, in bytes.
        lines: the line that each begins on, from 1.
        heights: the number of lines of each.
        followed: the indices of those with text behind a closing quote.
        quoted_lengths: the lengths of short cells in quotes.
    """

    text: bytes
    edges: Places
    lines: Places
    heights: Places
    followed: Places
    quoted_lengths: frozenset[int]

    def row(self, number: int) -> str:
        """Return the text of a row, without its line end."""
        return self.text[self.edges[number] : self.edges[number + 1]].decode().rstrip("\r\n")

    def first(self, count: int) -> "Block":
        """Return the first rows."""
        edges = self.edges[: count + 1]
        return Block(
            self.text[: edges[-1]],
            edges,
            self.lines[:count],
            self.heights[:count],
            self.followed[self.followed < count],
            self.quoted_lengths,
        )


class CsvBlocks:
    """Reads a header, and the rows after it; comments, and lines before the header, are skipped.

    Attributes:
        signs: those of the options, or of a first line `sep=;`.
        header: the text of the header; empty if there is none.
    """

    def __init__(self, stream: BinaryIO, *, name: str, layout: Layout, row_bytes: int) -> None:
        """Read the header of a text; `name` is that of its file in errors.

        Args:
            row_bytes: maximum bytes of a row.
        Raises:
            TableError: a quote in it is not closed, or text is behind one.
        """
        self._stream = stream
        self._name = name
        self._row_bytes = row_bytes
        self._comment = (layout.dialect.comment or "").encode()
        self._trim = layout.dialect.trim
        self._rest = b""
        self._line = 1
        self._is_last = False
        for _ in range(layout.dialect.skip_rows):
            self._drop(self._first_line())
        separator = _SEPARATOR_LINE.fullmatch(self._first_line())
        delimiter = separator[1] if separator else layout.delimiter.encode()
        if separator:
            self._drop(separator[0])
        self.signs = Signs(delimiter, layout.quote.encode(), (layout.dialect.escape or "").encode())
        self.header = self._header()

    def __iter__(self) -> Iterator[Block]:
        """Yield the rows in blocks."""
        while True:
            self._fill()
            if not self._rest:
                return
            rows = self._rows()
            self._check(rows)
            block = self._taken(rows)
            if len(block.lines):
                yield block

    def first_rows(self, count: int) -> Block | None:
        """Return some of the next rows, without consuming them; None if no row is complete."""
        if not self._rest and not self._is_last:
            self._read()
        rows = self._rows()
        block = self._block(rows).first(count)
        return block if len(block.lines) else None

    def _read(self) -> None:
        data = self._stream.read(self._row_bytes)
        self._is_last = len(data) < self._row_bytes
        self._rest += data

    def _fill(self) -> None:
        """Read until there are enough rows, or bytes, for a chunk."""
        most = self._row_bytes * _READS_A_BLOCK
        while not self._is_last and len(self._rest) < most and self._rest.count(b"\n") < GATHERED_ROWS:
            self._read()

    def _rows(self) -> Rows:
        if self._trim:
            self._rest = without_blanks_at_quotes(self._rest, self.signs)
        text = self._rest
        if self._comment:
            text = without_signs_in_comments(text, self.signs, self._comment)
        return rows_of(text, self.signs, is_last=self._is_last)

    def _taken(self, rows: Rows) -> Block:
        """Return the whole rows of what was read, and keep the rest."""
        block = self._block(rows)
        self._rest = self._rest[rows.end :]
        self._line += rows.line_count
        return block

    def _block(self, rows: Rows) -> Block:
        text = self._rest[: rows.end]
        whole = Block(text, rows.edges, rows.lines + self._line, rows.heights, rows.followed, rows.quoted_lengths)
        return _without_comments(whole, self._comment) if self._comment else whole

    def _check(self, rows: Rows) -> None:
        """Raise TableError for a row over too many lines or bytes, and for a quote that is never closed."""
        if len(rows.heights) and rows.heights.max() > MOST_LINES:
            row = int(np.argmax(rows.heights > MOST_LINES))
            got = f"expected rows over at most {MOST_LINES:,} lines, got one over {rows.heights[row]:,}"
            raise TableError(f"{self._name}: line {self._line + rows.lines[row]}: {got}; {_HINT}")
        if rows.open_at is not None and (self._is_last or rows.lines_left > MOST_LINES):
            line = self._line + rows.line_count
            line += self._rest.count(b"\n", rows.end, rows.open_at)
            got = "the end of the file" if self._is_last else f"none on the next {MOST_LINES:,} lines"
            expected = f"expected a closing {self.signs.quote.decode()}, got {got}"
            raise TableError(f"{self._name}: line {line}: {expected}; {_HINT}")
        sizes = np.diff(np.append(rows.edges, len(self._rest)))
        if rows.lines_left > MOST_LINES or sizes.max() > self._row_bytes:
            size = f"{MOST_LINES:,} lines and {self._row_bytes >> 20} MiB"
            line = self._line + int(np.append(rows.lines, rows.line_count)[np.argmax(sizes)])
            raise TableError(f"{self._name}: line {line}: expected rows of at most {size}, got a longer one; {_HINT}")

    def _header(self) -> bytes:
        while True:
            rows = self._rows()
            number = self._first_row(rows)
            if number is not None:
                break
            if self._is_last or rows.lines_left > MOST_LINES or len(self._rest) >= _HEADER_BYTES:
                self._check(rows)
                return b""
            self._read()
        if rows.heights[number] > MOST_LINES:
            self._check(rows)
        start, end = (int(edge) for edge in rows.edges[number : number + 2])
        row = self._rest[start:end]
        if number in rows.followed:
            raise TableError(f"{self._name}: line {self._line + rows.lines[number]}: {text_behind(row, self.signs)}")
        self._rest = self._rest[end:]
        self._line += int(rows.lines[number] + rows.heights[number])
        return row.rstrip(b"\r\n")

    def _first_row(self, rows: Rows) -> int | None:
        """Return the number of the first row that is not a comment; None if none is complete yet."""
        for number, start in enumerate(rows.edges[:-1].tolist()):
            if not self._comment or not self._rest.startswith(self._comment, start):
                return number
        return None

    def _first_line(self) -> bytes:
        """Return the next line, with its end."""
        while not (found := _LINE.match(self._rest)) and not self._is_last and len(self._rest) < _HEADER_BYTES:
            self._read()
        return found[0] if found else self._rest

    def _drop(self, line: bytes) -> None:
        self._rest = self._rest[len(line) :]
        self._line += 1


def _without_comments(block: Block, comment: bytes) -> Block:
    starts = block.edges[:-1]
    is_kept = np.frombuffer(block.text, dtype=np.uint8)[starts] != comment[0]
    if is_kept.all():
        return block
    kept = np.flatnonzero(is_kept)
    texts = [block.text[block.edges[row] : block.edges[row + 1]] for row in kept]
    return Block(
        b"".join(texts),
        np.concatenate([[0], np.cumsum([len(text) for text in texts], dtype=np.int64)]),
        block.lines[kept],
        block.heights[kept],
        np.searchsorted(kept, block.followed),
        block.quoted_lengths,
    )
