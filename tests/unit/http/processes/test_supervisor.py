"""The supervisor of several workers: those that end are replaced, none too often, and no signal is lost."""

import signal
import socket
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
import uvicorn
from uvicorn.supervisors import multiprocess

from foreseen.entrypoints.http.processes import supervisor as supervising
from foreseen.entrypoints.http.processes.reload_requests import ReloadRequests
from foreseen.entrypoints.http.processes.supervisor import Supervisor
from foreseen.entrypoints.http.processes.worker_process import CANNOT_START, SILENT_S
from foreseen.entrypoints.http.service.model_reload import LIMIT_S as LOADING_S
from foreseen.process.restart_delay import LONGEST_S, STEADY_S


class FakeProcess:
    """A process that lives, and ends, as a test has it."""

    count = 0

    def __init__(self, *_: object) -> None:
        FakeProcess.count += 1
        self.pid: int | None = None
        self.number = FakeProcess.count
        self.exitcode: int | None = None

    def start(self) -> None: ...

    def join(self) -> None: ...

    def kill(self) -> None:
        self.exitcode = -signal.SIGKILL

    def is_alive(self) -> bool:
        return self.exitcode is None


class ExitedError(Exception):
    """The process would have ended."""


class Running:
    """A supervisor of two workers, its clock, and what the workers say."""

    def __init__(self, listener: socket.socket) -> None:
        self.now_s = 1_000.0
        self.announced = 0
        self.reloads = ReloadRequests()
        config = uvicorn.Config("none", workers=2)
        self.supervisor = Supervisor(config, listener, self._announce, self.reloads, lambda: self.now_s)
        self.supervisor.init_processes()

    def _announce(self) -> None:
        self.announced += 1

    @property
    def workers(self) -> list[Any]:
        return self.supervisor.processes

    def look(self, after_s: float = 0.0) -> None:
        self.now_s += after_s
        self.supervisor.keep_subprocess_alive()

    def answer(self, worker: Any, *, serves: bool = True) -> None:
        """Have a worker answer its ping, if it got one."""
        while worker.child_conn.poll():
            assert worker.child_conn.recv() == b"ping"
            worker.child_conn.send(serves)

    def let_all_serve(self) -> None:
        self.look()
        for worker in self.workers:
            self.answer(worker)
        self.look()

    def fail(self, worker: Any, reason: str) -> None:
        worker.child_conn.send(reason)
        worker.process.exitcode = CANNOT_START


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """One whose two workers were started; handlers of signals are put back in the end."""

    def exit_at_once(signum: int, end: Callable[[], None]) -> None:
        raise ExitedError(signum)

    before = {each: signal.getsignal(each) for each in multiprocess.SIGNALS}
    monkeypatch.setattr(multiprocess, "get_subprocess", FakeProcess)
    monkeypatch.setattr(supervising, "exit_at_once", exit_at_once)
    with socket.socket() as listener:
        yield Running(listener)
    for each, handler in before.items():
        signal.signal(each, handler)


@pytest.fixture
def supervisor(running: Running) -> Any:
    return running.supervisor


def test_it_announces_once_when_all_workers_serve(running: Running) -> None:
    first, second = running.workers
    running.look()
    running.answer(first)
    running.answer(second, serves=False)
    running.look()
    assert running.announced == 0

    running.answer(second)
    running.look()
    running.look()

    assert running.announced == 1


def test_workers_that_have_ended_or_hang_are_replaced(running: Running) -> None:
    running.let_all_serve()
    ended, hangs = running.workers
    for worker in running.workers:
        running.answer(worker)
    running.look(STEADY_S)
    ended.process.exitcode = 1
    running.look(SILENT_S + 0.1)
    running.look()

    assert hangs.process.exitcode == -signal.SIGKILL
    assert not {ended, hangs} & set(running.workers)


def test_a_worker_may_take_minutes_to_start(running: Running) -> None:
    """On a busy machine it takes longer to import what it needs than one that serves may take to answer."""
    starting = list(running.workers)

    running.look(LOADING_S)
    assert running.workers == starting
    running.look(1)

    assert {each.process.exitcode for each in starting} == {-signal.SIGKILL}


def test_a_worker_that_starts_keeps_no_other_from_being_replaced(running: Running) -> None:
    running.let_all_serve()
    first, second = running.workers
    first.process.exitcode = 1
    running.look()
    running.look(1)
    assert running.workers[0] is not first
    second.process.exitcode = 1
    running.look()
    running.look(1)

    assert second not in running.workers


def starts_of(running: Running, end: Callable[[Any], None], seconds: int) -> list[int]:
    """Return the seconds after which a place has a new worker, each of which ends at once."""
    began, starts = running.now_s, []
    for _ in range(seconds):
        worker = running.workers[0]
        if worker.process.is_alive():
            end(worker)
        running.look(1)
        if running.workers[0] is not worker:
            starts.append(round(running.now_s - began))
    return starts


def test_a_worker_that_cannot_start_waits_longer_each_time(running: Running) -> None:
    starts = starts_of(running, lambda worker: running.fail(worker, "no model"), 210)

    pauses = [later - earlier - 1 for earlier, later in pairwise(starts)]
    assert pauses == [2, 4, 8, 16, 32, LONGEST_S, LONGEST_S]
    assert running.workers[1].process.is_alive()


def test_each_start_that_fails_is_one_line_with_the_reason(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    starts_of(running, lambda worker: running.fail(worker, "model.pkl: expected a model"), 10)

    said = [record.getMessage() for record in caplog.records]
    assert said == [
        f"worker None cannot start: model.pkl: expected a model; another one starts in {pause} s" for pause in (1, 2, 4)
    ]


def test_the_early_end_of_a_worker_is_logged(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    running.let_all_serve()
    first, second = running.workers
    first.process.exitcode = -signal.SIGSEGV
    second.process.exitcode = 7
    running.look()
    running.look(1)
    for worker in running.workers:
        worker.process.exitcode = 0
    running.look()

    assert [record.getMessage() for record in caplog.records] == [
        "worker None was ended by SIGSEGV; another one starts in 1 s",
        "worker None ended with exit code 7; another one starts in 1 s",
        *["worker None ended with exit code 0 before it served; another one starts in 2 s"] * 2,
    ]


def test_a_worker_that_has_served_long_is_replaced_at_once(running: Running) -> None:
    starts_of(running, lambda worker: running.fail(worker, "no model"), 10)
    running.look(LONGEST_S)
    running.let_all_serve()
    worker = running.workers[0]
    for each in running.workers:
        running.answer(each)
    running.look(STEADY_S)
    worker.process.exitcode = 1

    running.look()

    assert running.workers[0] is not worker


def test_a_reload_fills_an_empty_place_now(running: Running) -> None:
    running.fail(running.workers[0], "no model")
    running.look()
    waits = running.workers[0]
    running.look()
    assert running.workers[0] is waits

    running.supervisor.handle_hup()
    running.look()

    assert running.workers[0] is not waits


def test_a_reload_signals_only_living_workers_that_handle_it(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    monkeypatch.setattr("os.kill", lambda pid, _: sent.append(pid))
    running.let_all_serve()
    first, second = running.workers
    first.process.pid, second.process.pid = 101, 102
    first.process.exitcode = 1  # and not looked at since: by now its number may be that of another process

    running.reloads.make()
    running.supervisor.handle_signals()
    running.supervisor.handle_signals()

    assert sent == [102]
    running.look(1)
    running.look(1)
    running.workers[0].process.pid = 103  # it has not said anything: a signal would end it
    running.supervisor.handle_hup()
    assert sent == [102, 102]


def test_a_worker_without_handlers_yet_reloads_once_it_has_them(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    monkeypatch.setattr("os.kill", lambda pid, _: sent.append(pid))
    running.look()
    for pid, worker in enumerate(running.workers, start=101):
        worker.process.pid = pid
    running.supervisor.handle_hup()
    assert sent == []

    running.answer(running.workers[1])
    running.look()
    running.answer(running.workers[1])
    running.look()

    assert sent == [102]


def test_a_worker_may_be_added(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    running.supervisor.handle_ttin()

    running.let_all_serve()

    assert (len(running.workers), running.announced) == (3, 1)


def test_the_second_signal_exits(supervisor: Any) -> None:
    supervisor.handle_term()

    with pytest.raises(ExitedError):
        signal.raise_signal(signal.SIGTERM)


def test_the_second_signal_exits_that_waits_beside_the_first(supervisor: Any) -> None:
    supervisor.signal_queue += [signal.SIGTERM, signal.SIGTERM]

    with pytest.raises(ExitedError):
        supervisor.handle_signals()


def test_a_second_signal_is_handled_during_the_first(supervisor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def come_just_before(signum: signal.Signals, handler: Any) -> Any:
        signal.raise_signal(signum)
        return exchange(signum, handler)

    exchange = signal.signal
    with monkeypatch.context() as patched:
        patched.setattr(signal, "signal", come_just_before)
        with pytest.raises(ExitedError):
            supervisor.handle_term()
