"""Where the rows of a CSV text begin and end, and on which lines: a line end within quotes does not end a row."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from foreseen.adapters.tabular.csv.csv_special_characters import Places, QuotedCells, Signs, quoted_cells

LONGEST_WORD: Final = 32
"""Maximum bytes of a cell in quotes whose length is recorded."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The whole rows that a text begins with.

    Attributes:
        edges: where each begins, and where the last ends.
        lines: for each, how many lines of the text are before it.
        followed: the indices of those with text behind a closing quote.
        line_count: the number of lines of all of them.
        open_at: the place of a quote after them that is not closed; None if there is none.
        lines_left: the number of line ends after them.
        quoted_lengths: the lengths of cells in quotes, up to LONGEST_WORD bytes.
    """

    edges: Places
    lines: Places
    followed: Places
    line_count: int
    open_at: int | None
    lines_left: int
    quoted_lengths: frozenset[int]

    @property
    def end(self) -> int:
        """Where the last ends."""
        return int(self.edges[-1])

    @property
    def heights(self) -> Places:
        """The number of lines of each."""
        return np.diff(np.append(self.lines, self.line_count))


def rows_of(text: bytes, signs: Signs, *, is_last: bool) -> Rows:
    """Find the rows of a text that begins with one.

    Args:
        is_last: whether nothing follows, so that the last row is whole without a line end.
    """
    shown = signs.unescaped(text)
    quoted = quoted_cells(shown, signs)
    ends = _line_ends(shown, is_last=is_last)
    whole = ends[~quoted.hold(ends - 1)]
    edges = np.concatenate([np.zeros(1, dtype=np.int64), whole])
    data = np.frombuffer(text, dtype=np.uint8)
    feeds = np.flatnonzero(data == ord("\n")) + 1
    if len(feeds) == len(whole) == len(ends):
        line_ends, lines, line_count = feeds, np.arange(len(whole), dtype=np.int64), len(whole)
    else:
        line_ends = _merged(feeds, whole[data[whole - 1] != ord("\n")])
        before = np.searchsorted(line_ends, edges, side="right")
        lines, line_count = before[:-1].astype(np.int64), int(before[-1])
    followed = np.searchsorted(edges, quoted.closes[quoted.is_followed], side="right") - 1
    return Rows(
        edges,
        lines,
        np.unique(followed[followed < len(whole)]),
        line_count,
        quoted.open_at,
        len(line_ends) - line_count,
        _short_lengths(quoted),
    )


def _line_ends(text: bytes, *, is_last: bool) -> Places:
    """Return where the lines after the first begin: behind LF, CR LF, or a CR of old Macs."""
    data = np.frombuffer(text, dtype=np.uint8)
    ends = np.flatnonzero(data == ord("\n")) + 1
    returns = text.count(b"\r")
    if returns and returns != text.count(b"\r\n"):
        at = np.flatnonzero(data == ord("\r"))
        behind = data[np.minimum(at + 1, len(data) - 1)]
        # The last byte may be half of a CR LF.
        alone = (behind != ord("\n")) & ((at + 1 < len(data)) | is_last)
        ends = _merged(ends, at[alone] + 1)
    if is_last and text and (not len(ends) or ends[-1] != len(text)):
        ends = np.append(ends, len(text))
    return ends


def _merged(places: Places, others: Places) -> Places:
    """Merge places without common ones, in order; numpy's union1d takes a hundred times as long."""
    return np.sort(np.concatenate([places, others])) if len(others) else places


def _short_lengths(quoted: QuotedCells) -> frozenset[int]:
    lengths = np.minimum(quoted.closes - quoted.opens - 1, LONGEST_WORD + 1)
    return frozenset(np.flatnonzero(np.bincount(lengths)[: LONGEST_WORD + 1]).tolist())
