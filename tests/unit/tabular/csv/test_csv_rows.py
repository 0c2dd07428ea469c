"""Rows are found as a parser finds them that goes through a text character by character."""

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreseen.adapters.tabular.csv.csv_blanks import without_blanks_at_quotes
from foreseen.adapters.tabular.csv.csv_rows import rows_of
from foreseen.adapters.tabular.csv.csv_special_characters import Signs
from support.example_counts import examples

PLAIN = Signs(b",", b'"')
STYLES = {
    "plain": PLAIN,
    "escapes": Signs(b",", b'"', b"\\"),
    "no quotes": Signs(b",", b""),
    "no quotes, escapes": Signs(b",", b"", b"\\"),
}


@dataclass
class Plainly:
    """Rows of a text: where they end, which have text behind a quote, and where a quote is open at the end."""

    ends: list[int]
    followed: list[int]
    open_at: int | None


def plainly(text: bytes, signs: Signs) -> Plainly:
    """Go through a text as the automaton of pyarrow's parser does."""
    found = Plainly([], [], None)
    at, state, opened = 0, "start", 0
    while at < len(text):
        char = text[at : at + 1]
        if signs.escape and char == signs.escape:
            at += 2
            state = "behind quote" if state == "behind" else "cell" if state == "start" else state
            if state == "behind quote":
                found.followed.append(len(found.ends))
                state = "cell"
            continue
        if state == "quoted":
            if char == signs.quote:
                if text[at + 1 : at + 2] == signs.quote:
                    at += 1
                else:
                    state = "behind"
        elif char in (b"\n", b"\r"):
            at += text[at : at + 2] == b"\r\n"
            found.ends.append(at + 1)
            state = "start"
        elif char == signs.delimiter:
            state = "start"
        elif state == "start" and signs.quote and char == signs.quote:
            state, opened = "quoted", at
        else:
            if state == "behind":
                found.followed.append(len(found.ends))
            state = "cell"
        at += 1
    if state == "quoted":
        found.open_at = opened
    elif text and (not found.ends or found.ends[-1] != len(text)):
        found.ends.append(len(text))
    return found


@pytest.mark.parametrize("name", STYLES)
@given(st.text(alphabet='a,"\n\r\\', max_size=24))
@settings(max_examples=examples(60), deadline=None)
def test_rows_are_those_of_a_plain_reading(name: str, text: str) -> None:
    expected = plainly(text.encode(), STYLES[name])

    found = rows_of(text.encode(), STYLES[name], is_last=True)

    assert found.edges.tolist() == [0, *expected.ends]
    assert found.followed.tolist() == sorted({row for row in expected.followed if row < len(expected.ends)})
    assert (found.open_at is None) == (expected.open_at is None)


@given(st.text(alphabet='a,"\n', max_size=24), st.integers(0, 24))
@settings(max_examples=examples(60), deadline=None)
def test_rows_of_a_beginning_are_the_first_of_the_whole(text: str, size: int) -> None:
    whole = rows_of(text.encode(), PLAIN, is_last=True)

    beginning = rows_of(text.encode()[:size], PLAIN, is_last=False)

    assert beginning.edges.tolist() == whole.edges.tolist()[: len(beginning.edges)]
    assert beginning.lines.tolist() == whole.lines.tolist()[: len(beginning.lines)]


def test_lines_within_quotes_are_counted() -> None:
    found = rows_of(b'a,"x\ny\nz"\r\nb,c\n"p\nq",d', PLAIN, is_last=True)

    assert found.lines.tolist() == [0, 3, 4]
    assert found.heights.tolist() == [3, 1, 2]
    assert found.line_count == 6


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        (b'a, "b, c" ,d\n', b'a,"b, c",d\n'),
        (b' "a"\n "b"', b'"a"\n"b"'),
        (b'"a, ",b\n', b'"a, ",b\n'),
        (b'"say ""x"", ""y""", "z"\n', b'"say ""x"", ""y""","z"\n'),
        (b'a, b "c" , d\n', b'a, b "c" , d\n'),
        (b'a, "b" c\n', b'a,"b" c\n'),
        (b'a, "open\n, "', b'a,"open\n, "'),
    ],
)
def test_blanks_are_removed_around_quotes_but_not_within(text: bytes, bare: bytes) -> None:
    assert without_blanks_at_quotes(text, PLAIN) == bare
