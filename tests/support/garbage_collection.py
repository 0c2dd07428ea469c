"""A pytest plugin: what one test has made is freed before the next, and a full collection takes milliseconds.

No garbage is looked for while pytest looks for tests: that would be a fifth of the time. What pytest and the libraries
have made before the first test is frozen. Those are hundreds of thousands of objects, through which a full collection
goes for up to a second, and hundreds of tests need one. Code that freezes or unfreezes objects of its own would hide a
test's objects from the collector, or bring those back: neither does anything meanwhile, except within
`as_in_production`.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest

YOUNG: Final = 5_000
"""New objects after which the youngest are looked through: after Python's 700 that takes a tenth of the tests' time."""

_freeze, _unfreeze = gc.freeze, gc.unfreeze
_patches = pytest.MonkeyPatch()


gc.disable()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    gc.enable()
    gc.set_threshold(YOUNG)
    gc.collect()
    gc.freeze()
    _patches.setattr(gc, "freeze", _do_nothing)
    _patches.setattr(gc, "unfreeze", _do_nothing)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    # FastAPI remembers thousands of functions, and with ours each application that a test has built.
    if assembly := sys.modules.get("foreseen.entrypoints.http.service.assembly"):
        assembly.forget_routes()


def pytest_unconfigure() -> None:
    _patches.undo()


@contextmanager
def as_in_production() -> Iterator[None]:
    """Let `gc.freeze` and `gc.unfreeze` work until the block ends."""
    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(gc, "freeze", _freeze)
        patches.setattr(gc, "unfreeze", _unfreeze)
        yield
    _unfreeze()
    gc.collect()
    _freeze()


def _do_nothing() -> None:
    return
