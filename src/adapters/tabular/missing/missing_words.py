"""Words for missing values: read as missing in features that may be, and counted, in every format alike."""

import json
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from foreseen.adapters.tabular.columns.arrow_columns import read_arrow_column
from foreseen.adapters.tabular.columns.columns_as_text import JSON
from foreseen.adapters.tabular.columns.json_columns import read_json_column
from foreseen.adapters.tabular.columns.plain_columns import as_plain, is_text
from foreseen.adapters.tabular.columns.text_buffers import lengths, text_bytes
from foreseen.adapters.tabular.columns.text_columns import RejectedCells, read_column
from foreseen.adapters.tabular.missing.feature_words import FeatureWords, quoted
from foreseen.adapters.tabular.missing.missing_values import number_of, values_of
from foreseen.adapters.tabular.missing.word_finder import WordFinder
from foreseen.domain.errors import InvalidBatchError
from foreseen.domain.tables.missing_value_words import KEPT_AS_TEXT, MISSING_WORDS, READ_AS_MISSING
from foreseen.domain.tables.notices import Notices
from foreseen.domain.values.feature_values import nothing
from foreseen.domain.values.shown_value import shown
from foreseen.domain.values.signature import Feature

_NULL: Final = "null"
_EMPTY: Final = '""'


class MissingWords:
    """Reads columns of features as their format does, but for what files write for a missing value.

    An empty text and null are one value in every format, and so is a field that is absent: missing where that may be,
    else the empty text where the feature is a string.
    A feature that was fitted on such a word keeps it as the value that it is: "None" may be a category.

    Attributes:
        words: those that stand for a missing value.
    """

    def __init__(self, words: Sequence[str] = MISSING_WORDS, notices: Notices | None = None) -> None:
        """Accept the words, and where to count those that are met."""
        self.words = tuple(words)
        self._notices = notices or Notices()
        self._by_feature: dict[str, FeatureWords] = {}

    def uncounted(self) -> "MissingWords":
        """Return the same words, of which none is counted: for rows that are read again."""
        return MissingWords(self.words)

    def read_cells(self, feature: Feature, cells: pa.Array) -> tuple[Any, RejectedCells]:
        """Read cells of CSV; return as `read_column`."""
        words = self._of(feature)
        if words.counts_empty:
            self._count_empty(words, int(np.count_nonzero(lengths(cells) == 0)))
        values, rejected = read_column(feature, self._without_words(words, cells, words.written, ""))
        rejected = self._without_rejected(words, cells, values, rejected)
        return self._without_numbers(words, values), _explained(feature, cells, rejected)

    def read_json(self, feature: Feature, values: pa.Array) -> tuple[Any, RejectedCells]:
        """Read JSON values; return as `read_json_column`."""
        words = self._of(feature)
        texts = pc.fill_null(values.storage, _NULL)
        if feature.is_optional:
            texts = pc.if_else(pc.equal(texts, _EMPTY), _NULL, texts)
        elif feature.dtype == "string":
            texts = pc.if_else(pc.equal(texts, _NULL), _EMPTY, texts)
            self._count_empty(words, pc.equal(texts, _EMPTY).true_count)
        texts = self._without_words(words, _unescaped(texts, words.texts), words.as_json, _NULL)
        found, rejected = read_json_column(feature, pa.ExtensionArray.from_storage(JSON, texts))
        rejected = self._without_rejected(words, texts, found, rejected)
        return self._without_numbers(words, found), rejected

    def read_arrow(self, feature: Feature, values: pa.Array) -> tuple[Any, RejectedCells]:
        """Read typed values; return as `read_arrow_column`."""
        words = self._of(feature)
        plain = as_plain(values)
        if is_text(plain.type) or feature.dtype == "string":
            plain = self._without_words(words, plain.cast(pa.string()), words.written, None)
            plain = self._one_for_nothing(words, plain, feature)
        else:
            plain = self._without_values(words, plain)
        found, rejected = read_arrow_column(feature, plain)
        return self._without_numbers(words, found), rejected

    def _one_for_nothing(self, words: FeatureWords, texts: pa.Array, feature: Feature) -> pa.Array:
        """Return texts with one value for those that are null or empty, which are one cell of CSV."""
        if feature.is_optional:
            return pc.if_else(pc.equal(texts, ""), None, texts)
        filled = pc.fill_null(texts, "")
        self._count_empty(words, pc.equal(filled, "").true_count)
        return filled

    def _of(self, feature: Feature) -> FeatureWords:
        found = self._by_feature.get(feature.name)
        if found is None:
            found = self._by_feature[feature.name] = FeatureWords.of(feature, self.words)
        return found

    def _without_words(self, words: FeatureWords, texts: pa.Array, find: WordFinder, missing: str | None) -> pa.Array:
        """Return texts in which such words are replaced by what is a missing value in their format."""
        rows, places = find(texts)
        if not len(rows):
            return texts
        is_read = places < words.read_as_missing
        for kind, met in ((READ_AS_MISSING, is_read), (KEPT_AS_TEXT, ~is_read)):
            if met.any():
                self._notices.count(kind, words.column, words.texts[places[met][0]], int(met.sum()))
        mask = np.zeros(len(texts), dtype=bool)
        mask[rows[is_read]] = True
        return pc.if_else(pa.array(mask), pa.scalar(missing, pa.string()), texts)

    def _without_values(self, words: FeatureWords, column: pa.Array) -> pa.Array:
        """Return typed values with null in the place of those that words are, looked for as what they are."""
        values, texts = values_of(words.texts[: words.read_as_missing], column.type)
        if not texts or not (met := pc.is_in(column, value_set=values)).true_count:
            return column
        first = texts[pc.index_in(column.filter(met)[:1], value_set=values)[0].as_py()]
        self._notices.count(READ_AS_MISSING, words.column, first, met.true_count)
        return pc.if_else(met, pa.scalar(None, column.type), column)

    def _without_numbers(self, words: FeatureWords, values: Any) -> Any:
        """Return numbers with a missing value in the place of those that are words, however they were written."""
        if len(words.numbers) and (met := np.isin(values, list(words.numbers))).any():
            self._notices.count(READ_AS_MISSING, words.column, words.numbers[float(values[met][0])], int(met.sum()))
            values = np.where(met, np.nan, values)
        return values

    def _without_rejected(
        self, words: FeatureWords, texts: pa.Array, values: Any, rejected: RejectedCells
    ) -> RejectedCells:
        """Return the rejected rows without those whose number is a word for a missing value; set those to NaN."""
        if not rejected or not words.exact:
            return rejected
        rows = list(rejected)
        numbers = map(number_of, texts.take(pa.array(rows, pa.int64())).to_pylist())
        met = {
            row: word
            for row, number in zip(rows, numbers, strict=True)
            if number is not None and (word := words.exact.get(number))
        }
        for row, word in met.items():
            values[row] = np.nan
            self._notices.count(READ_AS_MISSING, words.column, word)
        return {row: reason for row, reason in rejected.items() if row not in met}

    def _count_empty(self, words: FeatureWords, count: int) -> None:
        if words.counts_empty:
            self._notices.count(KEPT_AS_TEXT, words.column, "nothing", count)


def _explained(feature: Feature, cells: pa.Array, rejected: RejectedCells) -> RejectedCells:
    """Return the reasons for rejected cells; for a word for missing, with advice on how to allow it."""
    if not rejected or feature.missing:
        return rejected
    texts = cells.take(pa.array(list(rejected), pa.int64())).to_pylist()
    reasons = {word: _reason(feature, word) for word in set(MISSING_WORDS).intersection(texts)}
    return {row: reasons.get(text, reason) for (row, reason), text in zip(rejected.items(), texts, strict=True)}


def _reason(feature: Feature, word: str) -> str:
    try:
        nothing(feature, shown(word))
    except InvalidBatchError as exc:
        return str(exc)
    return ""


def _unescaped(texts: pa.Array, words: Sequence[str]) -> pa.Array:
    """Return JSON with such words as they are, where they were written with escapes that they need not have."""
    if not words or b"\\" not in text_bytes(texts):
        return texts
    rows = np.flatnonzero(pc.match_substring(texts, "\\").to_numpy(zero_copy_only=False))
    written = zip(rows.tolist(), texts.take(pa.array(rows)).to_pylist(), strict=True)
    found = {row: word for row, text in written if (word := _string(text)) in words}
    if not found:
        return texts
    return pa.array(
        [quoted(found[row]) if row in found else text for row, text in enumerate(texts.to_pylist())], pa.string()
    )


def _string(text: str) -> str:
    try:
        return str(json.loads(text)) if text.startswith('"') else ""
    except ValueError:
        return ""
