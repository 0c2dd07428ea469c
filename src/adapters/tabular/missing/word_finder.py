"""Finds a few short words among all texts of a column."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from foreseen.adapters.tabular.columns.text_buffers import offsets

Rows = npt.NDArray[np.intp]


class WordFinder:
    """Finds words of at least one byte.

    Comparing each text with each word would take as long as parsing a file. So texts that are longer than any word, or
    begin or end like none of them, are left out first: of numbers and most categories none remains.
    """

    def __init__(self, words: Iterable[str]) -> None:
        """Accept the words, to which results refer by index."""
        self.words = tuple(words)
        self._value_set = pa.array(self.words, pa.string())
        encoded = [word.encode() for word in self.words]
        self._longest = max(map(len, encoded), default=0)
        self._begins = _bytes(word[0] for word in encoded)
        self._ends = _bytes(word[-1] for word in encoded)

    def __call__(self, texts: pa.Array) -> tuple[Rows, npt.NDArray[np.int32]]:
        """Return the rows whose text is a word, in order, and the index of each one's word."""
        rows = self._candidates(texts)
        if not len(rows):
            return rows, np.zeros(0, dtype=np.int32)
        places = pc.fill_null(pc.index_in(texts.take(pa.array(rows)), self._value_set), -1).to_numpy()
        is_word = places >= 0
        return rows[is_word], places[is_word]

    def _candidates(self, texts: pa.Array) -> Rows:
        edges = offsets(texts)
        if edges[0] == edges[-1]:
            return np.zeros(0, dtype=np.intp)
        data: npt.NDArray[np.uint8] = np.frombuffer(texts.buffers()[2], dtype=np.uint8)
        # The last byte excludes most texts. For an empty text it is another text's; its size excludes it.
        rows: Rows = np.flatnonzero(self._ends[data[edges[1:] - 1]])
        sizes = edges[rows + 1] - edges[rows]
        rows = rows[(sizes > 0) & (sizes <= self._longest)]
        found: Rows = rows[self._begins[data[edges[rows]]]]
        return found


def _bytes(found: Iterable[int]) -> npt.NDArray[np.bool_]:
    table = np.zeros(256, dtype=bool)
    table[list(found)] = True
    return table
