"""Comments of CSV: quotes and escapes in them mean nothing, and what only looks like one is left alone."""

import random

import pytest

from foreseen.adapters.tabular.csv import csv_comments
from foreseen.adapters.tabular.csv.csv_comments import without_signs_in_comments
from foreseen.adapters.tabular.csv.csv_special_characters import Signs, quoted_cells

PLAIN, ESCAPED, BARE = Signs(b",", b'"'), Signs(b",", b'"', b"\\"), Signs(b",", b"", b"\\")

TEXTS = {
    "quotes": (PLAIN, b'# an "\na,b\n# don"t', b"# an x\na,b\n# donxt"),
    "within a cell": (PLAIN, b'a,"x\n# text "" y\nz"\n# "\n', b'a,"x\n# text "" y\nz"\n# x\n'),
    "behind a cell that ended on such a line": (PLAIN, b'"x\n# y",b\n# "\n', b'"x\n# y",b\n# x\n'),
    "within a cell that is open": (PLAIN, b'# "\n"x\n# ""\n# ""', b'# x\n"x\n# ""\n# ""'),
    "carriage returns": (PLAIN, b'# "\r\na\r# "\rb', b"# x\r\na\r# x\rb"),
    "an escape at the end": (ESCAPED, b"a\n# C:\\\nb\n", b"a\n# C:x\nb\n"),
    "an escape without quotes": (BARE, b"# C:\\\nb\n", b"# C:x\nb\n"),
    "behind an escaped line end": (ESCAPED, b'a\\\n# "\\\nb\n# "\n', b'a\\\n# "\\\nb\n# x\n'),
    "an escaped quote within a cell": (ESCAPED, b'"x\n# \\"\n# \\\\"\n# "\n', b'"x\n# \\"\n# \\\\"\n# x\n'),
}


@pytest.mark.parametrize("name", TEXTS)
def test_signs_in_comments_mean_nothing(name: str) -> None:
    signs, text, expected = TEXTS[name]

    assert without_signs_in_comments(text, signs, b"#") == expected


def test_comments_are_found_as_if_line_by_line() -> None:
    rng = random.Random(7)
    for _ in range(300):
        text = "".join(rng.choices(['"', "a", "#", ",", "\n", '\n# "', '""'], k=rng.randint(1, 40))).encode()
        shown, is_row = b"", True
        for line in text.splitlines(keepends=True):
            is_comment = is_row and line.startswith(b"#")
            shown += line.replace(b'"', b"x") if is_comment else line
            is_row = quoted_cells(shown, PLAIN).open_at is None

        assert without_signs_in_comments(text, PLAIN, b"#") == shown


def test_cells_full_of_comment_characters_cost_linear_time(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = 0

    def counted(text: bytes, signs: Signs) -> object:
        nonlocal seen
        seen += len(text)
        return quoted_cells(text, signs)

    monkeypatch.setattr(csv_comments, "quoted_cells", counted)
    text = b'"note\n# say ""this""\n# or ""that""",1\n# "comment"\n' * 200 + b'"open\n' + b'# ""\n' * 1000

    without_signs_in_comments(text, PLAIN, b"#")

    assert 0 < seen <= len(text)
