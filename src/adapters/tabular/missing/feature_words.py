"""The words for a missing value that matter to one feature."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from foreseen.adapters.tabular.missing.missing_values import number_of
from foreseen.adapters.tabular.missing.word_finder import WordFinder
from foreseen.domain.tables.missing_value_words import MISSING_WORDS
from foreseen.domain.values.signature import DATETIMES, Feature


@dataclass(frozen=True, slots=True)
class FeatureWords:
    """The words that matter to one feature.

    Attributes:
        texts: the words, first those that are read as missing.
        read_as_missing: the number of these.
        written, as_json: find them among cells and among JSON texts.
        numbers: the words that are numbers, by number, if the feature's values are numbers.
        exact: the same with all digits, if the feature's values are numbers or bools.
        counts_empty: whether an empty text looks like a missing value, but is read as a text.
    """

    column: str
    texts: tuple[str, ...]
    read_as_missing: int
    written: WordFinder
    as_json: WordFinder
    numbers: Mapping[float, str]
    exact: Mapping[Decimal, str]
    counts_empty: bool

    @classmethod
    def of(cls, feature: Feature, words: Sequence[str]) -> "FeatureWords":
        """Pick the words that are not values of a feature."""
        known = feature.known or frozenset()
        unknown = [word for word in words if word and word not in known and _number(word) not in known]
        missing = unknown if feature.is_optional else []
        is_string = feature.dtype == "string"
        looks_missing = [word for word in dict.fromkeys((*words, *MISSING_WORDS)) if word and word not in known]
        texts = (*missing, *(word for word in looks_missing if is_string and word not in missing))
        exact = {number: word for word in missing if (number := number_of(word)) is not None}
        exact = {} if is_string or feature.dtype in DATETIMES else exact
        numbers = {held: word for number, word in exact.items() if math.isfinite(held := float(number))}
        return cls(
            column=feature.name,
            texts=texts,
            read_as_missing=len(missing),
            written=WordFinder(texts),
            as_json=WordFinder(map(quoted, texts)),
            numbers={} if feature.dtype == "bool" else numbers,
            exact=exact,
            counts_empty=is_string and not feature.missing and "" not in known,
        )


def _number(word: str) -> float | None:
    try:
        number = float(word)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def quoted(word: str) -> str:
    """Return a word as JSON."""
    return json.dumps(word, ensure_ascii=False)
