"""The name that was probably meant."""

import pytest

from foreseen.domain.near import near_hint

KNOWN = ["petal_length", "petal_width", "Species"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("petal_lenght", "petal_length"),
        ("petalwidth", "petal_width"),
        ("PETAL_WIDTH", "petal_width"),
        ("species", "Species"),
    ],
)
def test_a_near_name_is_suggested_as_it_is_spelled(name: str, meant: str) -> None:
    assert near_hint(name, KNOWN) == f"did you mean {meant!r}?"


@pytest.mark.parametrize("name", ["", "zzz", "colour"])
def test_nothing_is_suggested_when_none_is_near(name: str) -> None:
    assert near_hint(name, KNOWN) == ""


def test_nothing_is_suggested_when_nothing_is_known() -> None:
    assert near_hint("x", []) == ""
