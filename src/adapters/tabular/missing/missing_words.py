"""Words for missing values: read as missing in features that may be missing, and counted, in every format."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from foreseen.adapters.tabular.columns.arrow_columns import read_arrow_column
from foreseen.adapters.tabular.columns.columns_as_text import JSON
from foreseen.adapters.tabular.columns.json_columns import read_json_column
from foreseen.adapters.tabular.columns.plain_columns import as_plain, is_text
from foreseen.adapters.tabular.columns.text_buffers import lengths, text_bytes
from foreseen.adapters.tabular.columns.text_columns import RejectedCells, Values, read_column
from foreseen.adapters.tabular.missing.feature_words import FeatureWords, quoted
from foreseen.adapters.tabular.missing.missing_values import number_of, values_of
from foreseen.adapters.tabular.missing.word_finder import WordFinder
from foreseen.domain.errors import InvalidBatchError
from foreseen.domain.tables.missing_value_words import KEPT_AS_TEXT, MISSING_WORDS, READ_AS_MISSING
from foreseen.domain.tables.notices import Notices
from foreseen.domain.values.feature_values import accept_missing
from foreseen.domain.values.shown_value import shown
from foreseen.domain.values.signature import Feature

if TYPE_CHECKING:
    from foreseen.domain.values.batch import Column

_NULL: Final = "null"
_EMPTY: Final = '""'


class MissingWords:
    """Reads columns of features as their format does, except for words for a missing value.

    An empty text, null and an absent field are the same in every format: a missing value if one may be missing,
    otherwise the empty text if the feature is a string. For a feature that was fitted on such a word, it stays a value:
    "None" may be a category.

    Attributes:
        words: the words for a missing value.
    """

    def __init__(self, words: Sequence[str] = MISSING_WORDS, notices: Notices | None = None) -> None:
        """Accept the words, and where to count those that are found."""
        self.words = tuple(words)
        self._notices = notices or Notices()
        self._by_feature: dict[str, FeatureWords] = {}

    def uncounted(self) -> "MissingWords":
        """Return the same words without counting, for rows that are read again."""
        return MissingWords(self.words)

    def read_cells(self, feature: Feature, cells: pa.Array) -> tuple[Values, RejectedCells]:
        """Read cells of CSV; return as `read_column`."""
        words = self._of(feature)
        if words.counts_empty:
            self._count_empty(words, int(np.count_nonzero(lengths(cells) == 0)))
        values, rejected = read_column(feature, self._without_words(words, cells, words.written, ""))
        rejected = self._without_rejected(words, cells, values, rejected)
        return self._without_numbers(words, values), _explained(feature, cells, rejected)

    def read_json(self, feature: Feature, values: pa.Array) -> tuple[Values, RejectedCells]:
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

    def read_arrow(self, feature: Feature, values: pa.Array) -> tuple[Values, RejectedCells]:
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
        """Return texts with one value for null and empty, which are the same cell in CSV."""
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
        """Return texts with such words replaced by the missing value of their format."""
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
        """Return typed values with null in place of those that words represent, compared in their own type."""
        values, texts = values_of(words.texts[: words.read_as_missing], column.type)
        if not texts or not (met := pc.is_in(column, value_set=values)).true_count:
            return column
        first = texts[pc.index_in(column.filter(met)[:1], value_set=values)[0].as_py()]
        self._notices.count(READ_AS_MISSING, words.column, first, met.true_count)
        return pc.if_else(met, pa.scalar(None, column.type), column)

    def _without_numbers(self, words: FeatureWords, values: Values) -> Values:
        """Return numbers with a missing value in place of those that are words, however they were written."""
        if not len(words.numbers):
            return values
        numbers = cast("Column", values)  # the feature's dtype is one of numbers
        if (met := np.isin(numbers, list(words.numbers))).any():
            self._notices.count(READ_AS_MISSING, words.column, words.numbers[float(numbers[met][0])], int(met.sum()))
            return np.where(met, np.nan, numbers)
        return numbers

    def _without_rejected(
        self, words: FeatureWords, texts: pa.Array, values: Values, rejected: RejectedCells
    ) -> RejectedCells:
        """Return the rejected rows, except those whose number is a word for a missing value; set these to NaN."""
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
            cast("Column", values)[row] = np.nan  # only numbers have words that are numbers
            self._notices.count(READ_AS_MISSING, words.column, word)
        return {row: reason for row, reason in rejected.items() if row not in met}

    def _count_empty(self, words: FeatureWords, count: int) -> None:
        if words.counts_empty:
            self._notices.count(KEPT_AS_TEXT, words.column, "nothing", count)


def _explained(feature: Feature, cells: pa.Array, rejected: RejectedCells) -> RejectedCells:
    """Return the reasons for rejected cells; for a word for a missing value, with advice on how to allow it."""
    if not rejected or feature.missing:
        return rejected
    texts = cells.take(pa.array(list(rejected), pa.int64())).to_pylist()
    reasons = {word: _reason(feature, word) for word in set(MISSING_WORDS).intersection(texts)}
    return {row: reasons.get(text, reason) for (row, reason), text in zip(rejected.items(), texts, strict=True)}


def _reason(feature: Feature, word: str) -> str:
    try:
        accept_missing(feature, shown(word))
    except InvalidBatchError as exc:
        return str(exc)
    return ""


def _unescaped(texts: pa.Array, words: Sequence[str]) -> pa.Array:
    """Return JSON with such words unescaped, if they were written with unnecessary escapes."""
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
