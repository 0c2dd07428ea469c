"""The tree of errors: each has an entrypoint that knows what to make of it."""

import importlib
import pkgutil

import pytest

import foreseen
from foreseen.domain.errors import ForeseenError, InvalidBatchError, Violation
from foreseen.entrypoints.cli.process.exit_codes import EXIT_CODES
from foreseen.entrypoints.http.responses.problems import STATUSES


def every_error() -> list[type[ForeseenError]]:
    """Return all subclasses in the package, having imported all of it."""
    for module in pkgutil.walk_packages(foreseen.__path__, "foreseen."):
        if not module.name.endswith("__main__"):
            try:
                importlib.import_module(module.name)
            except ModuleNotFoundError as exc:
                assert exc.name == "ray"  # noqa: PT017 - an extra, which need not be there
    found: list[type[ForeseenError]] = []
    rest = [ForeseenError]
    while rest:
        below = [each for each in rest.pop().__subclasses__() if each.__module__.startswith("foreseen.")]
        found += below
        rest += below
    return found


@pytest.mark.parametrize("error", every_error(), ids=lambda error: error.__name__)
def test_every_error_has_a_status_or_an_exit_code(error: type[ForeseenError]) -> None:
    named = {*STATUSES, *EXIT_CODES} - {ForeseenError}

    assert named & set(error.__mro__)


def test_the_tree_is_found_whole() -> None:
    names = {error.__name__ for error in every_error()}

    assert {"InvalidBatchError", "CorruptEntryError", "SettingsError", "PortError"} <= names


def test_a_violation_reads_as_one_line() -> None:
    assert str(Violation("a number", '"x"')) == 'expected a number, got "x"'
    assert str(Violation("a number", '"x"', 3, "a", hint="try 1")) == 'expected a number, got "x"; try 1'


def test_an_invalid_batch_lists_all_its_violations() -> None:
    violations = [Violation("a", "b"), Violation("c", "d")]

    assert InvalidBatchError(violations).violations == tuple(violations)
    assert str(InvalidBatchError(violations)) == "expected a, got b; expected c, got d"
