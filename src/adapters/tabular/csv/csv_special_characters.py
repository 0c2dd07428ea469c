"""The special characters of a CSV text, and the cells in quotes that they form."""

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from foreseen.domain.values.shown_value import shown

Places = npt.NDArray[np.int64]
_NOWHERE: Final[Places] = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Signs:
    """The delimiter, the quote and the escape: an ASCII character each; empty for no quotes and no escapes."""

    delimiter: bytes
    quote: bytes
    escape: bytes = b""

    def unescaped(self, text: bytes) -> bytes:
        """Return a text of the same length in which characters that are escaped mean nothing."""
        if not self.escape or self.escape not in text:
            return text
        return re.sub(re.escape(self.escape) + rb"[\s\S]", b"xx", text)

    @property
    def edges(self) -> bytes:
        """The characters at which a cell begins or ends."""
        return self.delimiter + b"\r\n"


@dataclass(frozen=True, slots=True)
class QuotedCells:
    """The cells in quotes of a text that begins with a row.

    Attributes:
        opens, closes: the places of their quotes.
        is_followed: for each, whether text is between its closing quote and the end of the cell.
        open_at: the place of the quote that is not closed in this text; None if all are.
    """

    opens: Places
    closes: Places
    is_followed: npt.NDArray[np.bool_]
    open_at: int | None = None

    def hold(self, places: Places) -> npt.NDArray[np.bool_]:
        """Return for each place, in ascending order, whether it is within quotes."""
        if not len(self.opens):
            within = np.zeros(len(places), dtype=bool)
        else:
            before = np.searchsorted(self.opens, places) - 1
            within = (before >= 0) & (places < self.closes[before])
        return within if self.open_at is None else within | (places >= self.open_at)


NONE_QUOTED: Final = QuotedCells(_NOWHERE, _NOWHERE, np.zeros(0, dtype=bool))


def quoted_cells(text: bytes, signs: Signs) -> QuotedCells:
    """Find the cells in quotes as pyarrow does: a quote opens one only where a cell begins, and two in it are one."""
    if not signs.quote or signs.quote not in text:
        return NONE_QUOTED
    return _regular(text, signs) or _one_by_one(text, signs)


def _regular(text: bytes, signs: Signs) -> QuotedCells | None:
    """Find all at once if each quote opens, closes or is doubled in turn; None if one does something else."""
    data = np.frombuffer(text, dtype=np.uint8)
    is_edge = np.zeros(256, dtype=bool)
    is_edge[list(signs.edges)] = True
    places = np.flatnonzero(data == signs.quote[0])
    opening, closing = places[0::2], places[1::2]
    starts = is_edge[data[opening - 1]]
    starts[0] |= opening[0] == 0
    after = closing + 1
    ends = is_edge[data[np.minimum(after, len(data) - 1)]] | (after == len(data))
    # Of two quotes in a row within a cell the first counts as closing here, and the second as opening.
    is_second = np.zeros(len(opening), dtype=bool)
    is_second[1:] = opening[1:] == after[: len(opening) - 1]
    is_first = np.zeros(len(closing), dtype=bool)
    is_first[: len(opening) - 1] = is_second[1:]
    if not (starts | is_second).all() or not (ends | is_first).all():
        return None
    opens, closes = opening[~is_second], closing[~is_first]
    is_open = len(opens) > len(closes)
    followed = np.zeros(len(closes), dtype=bool)
    return QuotedCells(opens[: len(closes)], closes, followed, int(opens[-1]) if is_open else None)


def _one_by_one(text: bytes, signs: Signs) -> QuotedCells:
    """Find them if quotes are also within cells, or have text behind them."""
    quote, edges = signs.quote, signs.edges
    found: list[tuple[int, int, bool]] = []
    at = text.find(quote)
    while at >= 0:
        if at and text[at - 1] not in edges:  # a character like any other
            at = text.find(quote, at + 1)
            continue
        end = closing_quote(text, quote, at + 1)
        if end < 0:
            return _quoted_cells(found, open_at=at)
        found.append((at, end, end + 1 < len(text) and text[end + 1] not in edges))
        at = text.find(quote, end + 1)
    return _quoted_cells(found, open_at=None)


def closing_quote(text: bytes, quote: bytes, at: int) -> int:
    """Return the place of the next quote from `at` on that is not doubled; -1 if there is none."""
    while True:
        end = text.find(quote, at)
        if end < 0 or text[end + 1 : end + 2] != quote:
            return end
        at = end + 2


def _quoted_cells(found: list[tuple[int, int, bool]], *, open_at: int | None) -> QuotedCells:
    columns = np.array(found, dtype=np.int64).reshape(-1, 3).T
    return QuotedCells(columns[0], columns[1], columns[2].astype(bool), open_at)


def text_behind(row: bytes, signs: Signs) -> str:
    """Return the reason to reject a row that has text after a closing quote."""
    cells = quoted_cells(signs.unescaped(row), signs)
    end = int(cells.closes[cells.is_followed][0]) + 1
    text = re.split(b"[" + re.escape(signs.edges) + b"]", row[end:], maxsplit=1)[0]
    hint = "--trim removes blanks" if text.isspace() else "--quote none reads quotes as ordinary characters"
    expected = f"expected the end of a cell after its closing {signs.quote.decode()}"
    return f"{expected}, got {shown(text.decode(errors='replace'))}; {hint}"
