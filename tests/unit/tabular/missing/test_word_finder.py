"""A few words are found among all texts of a column, and nothing else is."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from foreseen.adapters.tabular.missing.word_finder import WordFinder

WORDS = ["NA", "null", "-1.#IND", "Å", "-"]
TEXTS = st.lists(st.none() | st.sampled_from([*WORDS, "", "N", "A", "nA", "NAN", "ull", "-1", "1D", "Å-"]) | st.text())


@given(TEXTS, st.integers(0, 3))
def test_every_row_with_a_word_is_found_and_no_other(texts: list[str | None], start: int) -> None:
    column = pa.array(texts, pa.string()).slice(start)

    rows, places = WordFinder(WORDS)(column)

    expected = [(row, WORDS.index(text)) for row, text in enumerate(texts[start:]) if text in WORDS]
    assert list(zip(rows.tolist(), places.tolist(), strict=True)) == expected


def test_no_words_are_found_nowhere() -> None:
    assert WordFinder([])(pa.array(["NA", ""]))[0].tolist() == []
