"""Words for missing values: read as missing in features that may be, and counted, in every format alike."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from foreseen.adapters.tabular.arrow_columns import read_arrow_column
from foreseen.adapters.tabular.cells import lengths, text_bytes
from foreseen.adapters.tabular.csv_columns import Refused, read_column
from foreseen.adapters.tabular.json_columns import read_json_column
from foreseen.adapters.tabular.plain_columns import as_plain, is_text
from foreseen.adapters.tabular.texts import JSON
from foreseen.adapters.tabular.word_finder import WordFinder
from foreseen.domain.errors import InvalidBatchError
from foreseen.domain.missing_words import KEPT_AS_TEXT, MISSING_WORDS, READ_AS_MISSING
from foreseen.domain.notices import Notices
from foreseen.domain.signature import DATETIMES, Feature
from foreseen.domain.values import nothing, shown

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
        self._by_feature: dict[str, _Words] = {}

    def uncounted(self) -> "MissingWords":
        """Return the same words, of which none is counted: for rows that are read again."""
        return MissingWords(self.words)

    def read_cells(self, feature: Feature, cells: pa.Array) -> tuple[Any, Refused]:
        """Read cells of CSV; return as `read_column`."""
        words = self._of(feature)
        if words.counts_empty:
            self._count_empty(words, int(np.count_nonzero(lengths(cells) == 0)))
        values, refused = read_column(feature, self._without_words(words, cells, words.written, ""))
        return self._without_numbers(words, values), _explained(feature, cells, refused)

    def read_json(self, feature: Feature, values: pa.Array) -> tuple[Any, Refused]:
        """Read JSON values; return as `read_json_column`."""
        words = self._of(feature)
        texts = pc.fill_null(values.storage, _NULL)
        if feature.is_optional:
            texts = pc.if_else(pc.equal(texts, _EMPTY), _NULL, texts)
        elif feature.dtype == "string":
            texts = pc.if_else(pc.equal(texts, _NULL), _EMPTY, texts)
            self._count_empty(words, pc.equal(texts, _EMPTY).true_count)
        texts = self._without_words(words, _unescaped(texts, words.texts), words.as_json, _NULL)
        found, refused = read_json_column(feature, pa.ExtensionArray.from_storage(JSON, texts))
        return self._without_numbers(words, found), refused

    def read_arrow(self, feature: Feature, values: pa.Array) -> tuple[Any, Refused]:
        """Read typed values; return as `read_arrow_column`."""
        words = self._of(feature)
        plain = as_plain(values)
        if is_text(plain.type) or feature.dtype == "string":
            plain = self._without_words(words, plain.cast(pa.string()), words.written, None)
            plain = self._one_for_nothing(words, plain, feature)
        found, refused = read_arrow_column(feature, plain)
        return self._without_numbers(words, found), refused

    def _one_for_nothing(self, words: "_Words", texts: pa.Array, feature: Feature) -> pa.Array:
        """Return texts with one value for those that are null or empty, which are one cell of CSV."""
        if feature.is_optional:
            return pc.if_else(pc.equal(texts, ""), None, texts)
        filled = pc.fill_null(texts, "")
        self._count_empty(words, pc.equal(filled, "").true_count)
        return filled

    def _of(self, feature: Feature) -> "_Words":
        found = self._by_feature.get(feature.name)
        if found is None:
            found = self._by_feature[feature.name] = _Words.of(feature, self.words)
        return found

    def _without_words(self, words: "_Words", texts: pa.Array, find: WordFinder, missing: str | None) -> pa.Array:
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

    def _without_numbers(self, words: "_Words", values: Any) -> Any:
        """Return numbers with a missing value in the place of those that are words, however they were written."""
        if len(words.numbers) and (met := np.isin(values, words.numbers)).any():
            self._notices.count(READ_AS_MISSING, words.column, str(float(values[met][0])), int(met.sum()))
            values[met] = np.nan
        return values

    def _count_empty(self, words: "_Words", count: int) -> None:
        if words.counts_empty:
            self._notices.count(KEPT_AS_TEXT, words.column, "nothing", count)


@dataclass(frozen=True, slots=True)
class _Words:
    """The words that matter to one feature.

    Attributes:
        texts: the words; those that are read as missing come first.
        read_as_missing: how many these are.
        written, as_json: find them as cells and as JSON have them.
        numbers: those that are numbers, where the feature's values are.
        counts_empty: whether an empty text looks like a missing value and is read as a text.
    """

    column: str
    texts: tuple[str, ...]
    read_as_missing: int
    written: WordFinder
    as_json: WordFinder
    numbers: Any
    counts_empty: bool

    @classmethod
    def of(cls, feature: Feature, words: Sequence[str]) -> "_Words":
        """Pick the words that are no values of a feature."""
        known = feature.known or frozenset()
        unknown = [word for word in words if word and word not in known and _number(word) not in known]
        missing = unknown if feature.is_optional else []
        is_string = feature.dtype == "string"
        looks_missing = [word for word in dict.fromkeys((*words, *MISSING_WORDS)) if word and word not in known]
        texts = (*missing, *(word for word in looks_missing if is_string and word not in missing))
        has_numbers = not is_string and feature.dtype not in DATETIMES and feature.dtype != "bool"
        return cls(
            column=feature.name,
            texts=texts,
            read_as_missing=len(missing),
            written=WordFinder(texts),
            as_json=WordFinder(map(_quoted, texts)),
            numbers=np.array([number for number in map(_number, missing) if has_numbers and number is not None]),
            counts_empty=is_string and not feature.missing and "" not in known,
        )


def _number(word: str) -> float | None:
    try:
        number = float(word)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _explained(feature: Feature, cells: pa.Array, refused: Refused) -> Refused:
    """Return the reasons for refused cells; that of a word for missing says how to allow one."""
    if not refused or feature.missing:
        return refused
    texts = cells.take(pa.array(list(refused), pa.int64())).to_pylist()
    reasons = {word: _reason(feature, word) for word in set(MISSING_WORDS).intersection(texts)}
    return {row: reasons.get(text, reason) for (row, reason), text in zip(refused.items(), texts, strict=True)}


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
        [_quoted(found[row]) if row in found else text for row, text in enumerate(texts.to_pylist())], pa.string()
    )


def _quoted(word: str) -> str:
    return json.dumps(word, ensure_ascii=False)


def _string(text: str) -> str:
    try:
        return str(json.loads(text)) if text.startswith('"') else ""
    except ValueError:
        return ""
