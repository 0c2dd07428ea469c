"""A pytest plugin: what the code starts when tests call it is forked, which saves a second each.

Those are models' processes and, of the Python package, the command. With `fresh_processes` a test has them as users do.
"""

import subprocess
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Final

import pytest

from foreseen.adapters.predictor.subprocess import parent
from foreseen.entrypoints.python import command_process
from support import forked_process

_STARTERS: Final = (parent, command_process)
_FORKS: Final = SimpleNamespace(**{**vars(subprocess), "Popen": forked_process.start})
_patches = pytest.MonkeyPatch()


def pytest_configure() -> None:
    for each in _STARTERS:
        _patches.setattr(each, "subprocess", _FORKS)


def pytest_unconfigure() -> None:
    _patches.undo()


@pytest.fixture
def fresh_processes() -> Iterator[None]:
    """Start fresh interpreters."""
    with pytest.MonkeyPatch.context() as patches:
        for each in _STARTERS:
            patches.setattr(each, "subprocess", subprocess)
        yield
