"""The benchmark of formats measures the examples, and names what it cannot measure."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.formats.answers import is_same
from harness.formats.examples import EXAMPLES, FORMATS, Example, not_measured
from harness.formats.library import loaded
from harness.formats.library_calls import KINDS

OWN = next(example for example in FORMATS if example.folder == "own_model")


def test_an_example_without_a_line_is_named(tmp_path: Path) -> None:
    for folder in ("iris", "digits", "newest"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "train.py").touch()

    assert not_measured(tmp_path)[-1].startswith("newest, whose example is not among")


def test_every_example_has_a_line() -> None:
    assert not_measured() == [example.missing for example in FORMATS if example.missing]


def test_every_line_has_an_example() -> None:
    assert all((EXAMPLES / example.folder).is_dir() for example in FORMATS)


def test_every_format_has_a_call_of_its_library() -> None:
    assert sorted(example.model for example in FORMATS) == sorted(KINDS)


def test_a_format_without_its_library_is_named_with_what_installs_it() -> None:
    absent = replace(OWN, name="gone", takes=(("json", "json"), ("no_such_module", "such")), install="pip install such")

    assert absent.missing == "gone, without such (pip install such)"
    assert OWN.missing == ""


@pytest.mark.parametrize("example", FORMATS, ids=lambda example: example.model)
def test_instances_of_two_runs_are_never_the_same(example: Example) -> None:
    bodies = [*example.bodies(0), *example.bodies(1), *example.bodies(999, 1_000)]

    assert len({json.dumps(json.loads(body)) for body in bodies}) == len(bodies)


def test_a_library_answers_and_is_then_called_for_a_while(tmp_path: Path) -> None:
    bodies = OWN.bodies(3, 2)

    with loaded(OWN.calling(OWN.trained(tmp_path), bodies)) as library:
        assert library.answers == [18.5, 18.5]
        assert library.measured(0.01).requests >= 1


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("0", "0", True),
        ("0", "1", False),
        (1.0, 1.0 + 1e-6, True),
        (1.0, 1.1, False),
        ([0.5, 0.5], [0.5, 0.500001], True),
        ([0.5, 0.5], [0.5], False),
        ([0.5, "a"], [0.5, "b"], False),
    ],
)
def test_answers_are_compared_but_for_last_digits(one: object, other: object, same: bool) -> None:
    assert is_same(one, other) is same
