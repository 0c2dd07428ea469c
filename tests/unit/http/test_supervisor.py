"""The supervisor of several workers: who ended is started anew, who begins is let begin, and no signal is lost."""

import signal
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn
from uvicorn.supervisors import multiprocess

from foreseen.entrypoints.http import supervisor as supervising
from foreseen.entrypoints.http.supervisor import Supervisor


class FakeWorker:
    """A worker that lives, and says so, as long as a test has it so."""

    def __init__(self, *_: object) -> None:
        self.lives = True
        self.has_begun = False
        self.was_killed = False
        self.process = self
        self.pid = self.exitcode = None

    def start(self) -> None: ...

    def join(self) -> None: ...

    def kill(self) -> None:
        self.lives, self.was_killed = False, True

    def ping(self, timeout: float) -> bool:
        return self.has_begun

    def wait_until_ready(self, *_: object) -> bool:
        self.has_begun = True
        return True

    def is_alive(self, timeout: float | None = None) -> bool:
        """As the process, and as uvicorn asks: whether it lives, and answers."""
        return self.lives and (timeout is None or self.has_begun)


class ExitedError(Exception):
    """The process would have ended."""


@pytest.fixture
def supervisor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """One whose two workers have begun; handlers of signals are put back in the end."""

    def exit_at_once(told: int, end: Callable[[], None]) -> None:
        raise ExitedError(told)

    before = {each: signal.getsignal(each) for each in multiprocess.SIGNALS}
    monkeypatch.setattr(multiprocess, "Process", FakeWorker)
    monkeypatch.setattr(supervising, "exit_at_once", exit_at_once)
    with socket.socket() as listener:
        made = Supervisor(uvicorn.Config("none", workers=2), listener, lambda: None)
        made.init_processes()
        yield made
    for each, handler in before.items():
        signal.signal(each, handler)


def test_a_worker_that_has_ended_or_hangs_is_started_anew(supervisor: Any) -> None:
    ended, hangs = supervisor.processes
    ended.lives = hangs.has_begun = False

    supervisor.keep_subprocess_alive()

    assert hangs.was_killed
    assert not {ended, hangs} & set(supervisor.processes)


def test_one_that_begins_is_not_taken_for_one_that_hangs(supervisor: Any) -> None:
    """On a busy machine it takes longer to import what it needs than one that serves may take to answer."""
    supervisor.processes[0].lives = False
    supervisor.keep_subprocess_alive()
    begins = supervisor.processes[0]

    for _ in range(20):
        supervisor.keep_subprocess_alive()
    assert supervisor.processes[0] is begins
    begins.has_begun = True
    supervisor.keep_subprocess_alive()
    begins.has_begun = False
    supervisor.keep_subprocess_alive()

    assert begins.was_killed


def test_one_that_never_begins_is_given_up(supervisor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    supervisor.processes[0].lives = False
    supervisor.keep_subprocess_alive()
    begins = supervisor.processes[0]
    monkeypatch.setattr(supervising, "STARTUP_TIMEOUT_S", -1.0)

    supervisor.keep_subprocess_alive()

    assert begins.was_killed


def test_one_that_ends_while_it_begins_is_started_anew(supervisor: Any) -> None:
    supervisor.processes[0].lives = False
    supervisor.keep_subprocess_alive()
    begins = supervisor.processes[0]
    begins.lives = False

    supervisor.keep_subprocess_alive()

    assert begins not in supervisor.processes


def test_the_second_signal_exits(supervisor: Any) -> None:
    supervisor.handle_term()

    with pytest.raises(ExitedError):
        signal.raise_signal(signal.SIGTERM)


def test_the_second_signal_exits_that_waits_beside_the_first(supervisor: Any) -> None:
    supervisor.signal_queue += [signal.SIGTERM, signal.SIGTERM]

    with pytest.raises(ExitedError):
        supervisor.handle_signals()


def test_the_second_signal_is_heard_while_the_first_is_seen_to(
    supervisor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def come_just_before(told: signal.Signals, handler: Any) -> Any:
        signal.raise_signal(told)
        return exchange(told, handler)

    exchange = signal.signal
    with monkeypatch.context() as patched:
        patched.setattr(signal, "signal", come_just_before)
        with pytest.raises(ExitedError):
            supervisor.handle_term()
