"""The name that was probably meant."""

import pytest

from foreseen.domain.did_you_mean import LONGEST_COMPARED, MOST_COMPARED, did_you_mean

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
def test_a_similar_name_is_suggested_as_it_is_spelled(name: str, meant: str) -> None:
    assert did_you_mean(name, KNOWN) == f"did you mean {meant!r}?"


@pytest.mark.parametrize("name", ["", "zzz", "colour"])
def test_nothing_is_suggested_when_no_name_is_similar(name: str) -> None:
    assert did_you_mean(name, KNOWN) == ""


def test_nothing_is_suggested_when_nothing_is_known() -> None:
    assert did_you_mean("x", []) == ""


MANY = [f"Feature_{number}" for number in range(MOST_COMPARED + 1)]


@pytest.mark.parametrize("name", ["feature_7", "FEATURE 7", "feature-7", "Feature7"])
def test_names_that_differ_by_case_or_signs_are_suggested(name: str) -> None:
    assert did_you_mean(name, MANY) == "did you mean 'Feature_7'?"


def test_among_many_names_none_is_compared_letter_by_letter() -> None:
    assert did_you_mean("Faeture_7", MANY) == ""
    assert did_you_mean("Faeture_7", MANY, most=len(MANY)) == "did you mean 'Feature_7'?"
    assert did_you_mean("Faeture_7", MANY[:-1]) == "did you mean 'Feature_7'?"


def test_a_name_that_never_ends_is_compared_with_none() -> None:
    assert did_you_mean("Species" * LONGEST_COMPARED, ["Species" * LONGEST_COMPARED]) == ""
