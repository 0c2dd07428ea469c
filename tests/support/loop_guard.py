"""A pytest plugin: a test fails whose event loop was held by our code, or whose tasks were left, or failed unheard.

That of a coroutine never awaited is pytest's own, since warnings are errors. How long a loop was held is measured, and
a machine at work stretches even the processor's time: such a test runs again, and fails if the loop is held each time
(`--only-rerun` in pyproject.toml).
"""

import asyncio
from asyncio import AbstractEventLoop, runners
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import pytest

from support.loop_watch import LoopWatch, Turn

UNHEARD: Final = ("was destroyed but it is pending", "exception was never retrieved")
"""What a loop logs, unread, of a task that is thrown away."""


TURNS: Final = 50
"""Turns of a loop that a task may still take to end by itself when the test is over."""


SHOWN: Final = 5
"""Findings that are reported of one test."""


COMMAND_S: Final = 5.0
"""Seconds for which a command may hold a loop that it has for itself."""


class LoopMisusedError(AssertionError):
    """What was done with event loops while a test ran, and should not have been."""


class LoopHeldError(LoopMisusedError):
    """Nothing but how long our code held a loop."""


class LoopGuard:
    """Notes what happens on every event loop of this process, and fails the phase of the test in which it did."""

    def __init__(self) -> None:
        self._found: list[object] = []
        self._watch = LoopWatch(self._found.append)
        self._patches = pytest.MonkeyPatch()

    def start(self) -> None:
        """Put it around what runs callbacks, ends loops and hears their complaints."""
        self._patches.setattr(asyncio.events.Handle, "_run", self._watched(asyncio.events.Handle._run))
        cancel_all = runners._cancel_all_tasks  # type: ignore[attr-defined]
        self._patches.setattr(runners, "_cancel_all_tasks", self._told(cancel_all))
        complain = asyncio.BaseEventLoop.default_exception_handler
        self._patches.setattr(asyncio.BaseEventLoop, "default_exception_handler", self._heard(complain))
        self._watch.start()
        _started.append(self)

    def has_found(self) -> bool:
        """Return whether anything was found in the phase that runs."""
        return bool(self._found)

    def stop(self) -> None:
        """Undo it all."""
        _started.remove(self)
        self._watch.stop()
        self._patches.undo()

    @contextmanager
    def patient(self, limit_s: float) -> Iterator[None]:
        """Let our code hold a loop for as long until the block ends."""
        with pytest.MonkeyPatch.context() as patches:
            patches.setattr(self._watch, "limit_s", limit_s)
            yield

    def _watched(self, run: Callable[[asyncio.Handle], None]) -> Callable[[asyncio.Handle], None]:
        began, ended = self._watch.began, self._watch.ended

        def run_watched(handle: asyncio.Handle) -> None:
            turn = began()
            try:
                run(handle)
            finally:
                ended(turn)

        return run_watched

    def _told(self, cancel_all: Callable[[AbstractEventLoop], None]) -> Callable[[AbstractEventLoop], None]:
        def tell_and_cancel_all(loop: AbstractEventLoop) -> None:
            if asyncio.all_tasks(loop):
                loop.run_until_complete(_settled())
            self._found.extend(f"a task was left over: {task!r}" for task in asyncio.all_tasks(loop))
            cancel_all(loop)

        return tell_and_cancel_all

    def _heard(self, complain: Callable[[Any, dict[str, Any]], None]) -> Callable[[Any, dict[str, Any]], None]:
        def hear(loop: Any, context: dict[str, Any]) -> None:
            message = str(context.get("message"))
            if any(said in message for said in UNHEARD):
                about = context.get("task") or context.get("future")
                self._found.append(f"{message}: {about!r}")
            complain(loop, context)

        return hear

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self) -> Generator[None]:
        yield
        self._fail_if_found()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None]:
        yield
        self._fail_if_found()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self) -> Generator[None]:
        yield
        self._fail_if_found()

    def pytest_unconfigure(self) -> None:
        self.stop()

    def _fail_if_found(self) -> None:
        found = self._found[:]
        self._found.clear()
        if found:
            more = [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
            error = LoopHeldError if all(isinstance(each, Turn) for each in found) else LoopMisusedError
            raise error("\n".join([*map(str, found[:SHOWN]), *more]))


_started: list[LoopGuard] = []


@contextmanager
def loops_of_a_command() -> Iterator[None]:
    """Let a command that runs in this process hold its loop, for which nothing else waits."""
    with ExitStack() as guards:
        for guard in _started:
            guards.enter_context(guard.patient(COMMAND_S))
        yield


def has_found() -> bool:
    """Return whether the test that runs is found to misuse a loop."""
    return any(guard.has_found() for guard in _started)


async def _settled() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)


def pytest_configure(config: pytest.Config) -> None:
    guard = LoopGuard()
    guard.start()
    config.pluginmanager.register(guard, "loop guard")
