"""Conditions as people write them: what is read, and what is rejected, never executed."""

import pytest

from foreseen.domain.tables.condition import ColumnName, Combined, Compared, IsMissing, Negated
from foreseen.domain.tables.condition_text import read_condition

A, B = ColumnName("a"), ColumnName("b")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a > 3", Compared(A, ">", 3)),
        ("3 > a", Compared(A, "<", 3)),
        ("a == 'new'", Compared(A, "==", "new")),
        ("a >= -1.5e3", Compared(A, ">=", -1500.0)),
        ("a != b", Compared(A, "!=", B)),
        ("a == true", Compared(A, "==", True)),
        ("a", Compared(A, "==", True)),
        ("not a", Negated(Compared(A, "==", True))),
        ("a is None", IsMissing(A)),
        ("a == null", IsMissing(A)),
        ("a is not None", Negated(IsMissing(A))),
        ("a in ('x', 2)", Combined((Compared(A, "==", "x"), Compared(A, "==", 2)), needs_all=False)),
        ("a not in [1]", Negated(Combined((Compared(A, "==", 1),), needs_all=False))),
        ("0 < a <= 9", Combined((Compared(A, ">", 0), Compared(A, "<=", 9)), needs_all=True)),
        ("a > 1 and b < 2", Combined((Compared(A, ">", 1), Compared(B, "<", 2)), needs_all=True)),
        ("(a > 1) | ~(b < 2)", Combined((Compared(A, ">", 1), Negated(Compared(B, "<", 2))), needs_all=False)),
        ('field("petal length (cm)") > 1', Compared(ColumnName("petal length (cm)"), ">", 1)),
        ('field("true") == "x"', Compared(ColumnName("true"), "==", "x")),
        ("field('a').isin(['x'])", Combined((Compared(A, "==", "x"),), needs_all=False)),
        ("field('a').is_null()", IsMissing(A)),
        ("field('a').is_valid()", Negated(IsMissing(A))),
        ("größe == 'groß'", Compared(ColumnName("größe"), "==", "groß")),
    ],
)
def test_a_comparison_is_read(text: str, read: object) -> None:
    assert read_condition(text).test == read


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected a condition such as"),
        ("a = 3", "got 'a = 3'; == compares"),
        ("a >", "expected a condition such as"),
        ("a > 3 AND b < 2", "expected a condition such as"),
        ("3 > 2", "expected a column on one side"),
        ("a + 1 > 2", "expected a column, a number or a text in quotes, got 'a + 1'"),
        ("a > 1 & b < 2", "expected parentheses around each comparison beside & or |"),
        ("__import__('os').system('true')", "expected a column, a number or a text in quotes"),
        ("(lambda: 1)()", "expected a column"),
        ("a.__class__ == 1", "expected a column, a number or a text in quotes, got 'a.__class__'"),
        ("open('f')", "expected a column"),
        ("[x for x in a]", "expected a comparison"),
        ("f'{a}' == 'x'", "expected a column, a number"),
        ("a in b", "expected a list of values"),
        ("a in ()", "expected a list of values"),
        ("a is b", "expected None after is"),
        ("a < None", "expected a value to compare with"),
        ("a == b''", "expected a column, a number"),
        ("field(a) > 1", "expected a column"),
        ("field('a').cast('int') > 1", "expected a column"),
        ("field('a').drop()", "expected isin([…]), is_null() or is_valid()"),
        ("a\0 > 1", "expected a condition such as"),
        ("(" * 5000 + "a" + ")" * 5000, "expected a condition"),
        ("not " * 50_000 + "a", "expected a condition"),
        ("'it''s' == a ; b", "expected a condition such as"),
    ],
    ids=lambda text: text[:30],
)
def test_an_invalid_comparison_is_rejected_in_one_short_line(text: str, said: str) -> None:
    with pytest.raises(ValueError, match="expected") as caught:
        read_condition(text)

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


def test_the_columns_it_needs_are_named_once_each() -> None:
    condition = read_condition("a > 1 and (b == a or c is None) and not d in (1, 2)")

    assert condition.columns == ("a", "b", "c", "d")
