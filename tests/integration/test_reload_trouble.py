"""Reloading a model when something is in the way: a file that hangs, signals by the hundred, an end meanwhile."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from support.byte_client import wire_to
from support.example_counts import cases
from support.held_model import Holds
from support.process_facts import is_gone
from support.processes import (
    Served,
    command,
    environment,
    model_processes,
    starter,
    wait_until,
    wait_until_closed,
    wait_until_heard,
    workers,
)
from support.reloadable_service import MODULE, adding, answer, put, reload
from support.time_limits import PATIENCE_S

PROCESS = pytest.param((), id="process")
THREAD = pytest.param(("--model-isolation", "thread"), id="thread")
WORKERS = pytest.param(("--workers", "2"), id="two workers")  # each of which has a model's process
# A line in one piece: where Python buffers nothing, `print` writes its end by itself, and another process before that.
HANGS = "import time\nprint('loading hangs\\n', end='', flush=True)\ntime.sleep(3600)\n"


RELOAD = b"POST /admin/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"


def put_hanging(folder: Path) -> None:
    """Put a file in place that takes an hour to load."""
    (folder / "hangs.py").write_text(HANGS)
    new = folder / "new"
    new.write_bytes(b"changs\nNever\n)\x81.")
    new.chmod(0o600)
    new.rename(folder / "model.pkl")


def hanging(running: Served) -> int:
    """Count the loads that have begun to hang."""
    return sum("loading hangs" in line for line in running.err)


def processes_of(running: Served) -> list[int]:
    """Return the workers and the processes of models."""
    parents = [running.process.pid, *workers(running)]
    return [*parents[1:], *(model for parent in parents for model in model_processes(parent))]


@pytest.mark.parametrize("args", cases(THREAD, WORKERS, long=[PROCESS]))
def test_a_hanging_load_does_not_delay_shutdown(tmp_path: Path, args: tuple[str, ...]) -> None:
    with adding(tmp_path, *args, "--stop-timeout", "1h") as running:
        put_hanging(tmp_path)
        running.process.send_signal(signal.SIGHUP)
        wait_until(lambda: hanging(running) == (2 if "--workers" in args else 1))
        assert answer(running, 0.5) == 100.5
        others = processes_of(running)

        assert running.stop() == 0  # without the hour that requests under way may take

        wait_until(lambda: all(map(is_gone, others)))
    assert any("the new model was abandoned: the service stops" in line for line in running.err)
    assert "Traceback" not in "".join(running.err)


def test_a_reload_request_during_a_hanging_load_ends_at_shutdown(tmp_path: Path) -> None:
    with ExitStack() as wires, adding(tmp_path) as running:
        put_hanging(tmp_path)
        first = wires.enter_context(wire_to(running.url))
        first.send(RELOAD)
        wait_until(lambda: hanging(running) == 1)
        second = wires.enter_context(wire_to(running.url))  # not before: a connection that sends nothing is closed
        second.send(RELOAD)
        wait_until_heard(running)  # by now it waits its turn

        assert running.stop() == 0

        for each in (first, second):
            each.read_to_end()
            assert each.statuses == [503]
            assert "the service stops" in each.problem()["detail"]


def test_the_second_signal_does_not_wait_for_a_load_either(tmp_path: Path) -> None:
    holds = Holds(tmp_path)
    with adding(tmp_path) as running, ThreadPoolExecutor(1) as pool:
        holds.hold(9.0)
        pool.submit(answer, running, 9.0)
        wait_until(lambda: holds.has_begun(9.0))
        put_hanging(tmp_path)
        running.process.send_signal(signal.SIGHUP)
        wait_until(lambda: hanging(running) == 1)
        others = processes_of(running)
        running.process.send_signal(signal.SIGTERM)
        wait_until_closed(running)
        assert running.process.poll() is None

        assert running.stop() == 128 + signal.SIGTERM

        wait_until(lambda: all(map(is_gone, others)))


def test_signals_by_the_hundred_load_once_more_and_once_after(tmp_path: Path) -> None:
    waits = MODULE.replace("added, names):", "added, names):\n        wait_while_held([added])")
    holds = Holds(tmp_path)
    with adding(tmp_path, "--model-isolation", "thread", module=waits) as running:
        holds.hold(101)
        put(tmp_path, 101)
        running.process.send_signal(signal.SIGHUP)
        wait_until(lambda: holds.has_begun(101))
        for added in range(102, 201):
            put(tmp_path, added)
            running.process.send_signal(signal.SIGHUP)
        wait_until_heard(running)
        holds.let_go()
        wait_until(lambda: answer(running, 0.5) == 200.5)

        assert reload(running).json()["status"] == "unchanged"
        assert sum("reloaded: fingerprint" in line for line in running.err) == 2
        assert running.stop() == 0


@pytest.mark.parametrize("args", cases(WORKERS, long=[PROCESS]))
def test_a_reload_and_a_stop_at_once_stop_the_service(tmp_path: Path, args: tuple[str, ...]) -> None:
    with adding(tmp_path, *args) as running:
        others = processes_of(running)
        put(tmp_path, 200)
        running.process.send_signal(signal.SIGHUP)

        assert running.stop() == 0

        wait_until(lambda: all(map(is_gone, others)))
    assert "Traceback" not in "".join(running.err)


@contextmanager
def starting(folder: Path, *args: str) -> Iterator[subprocess.Popen[str]]:
    """Begin to serve what is in a folder."""
    process = starter()(
        command("serve", "model.pkl", "--rows-per-call", "0", "--cache-nondeterministic", "true", "--port", "0", *args),
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        others = processes_of(Served(process)) if process.poll() is None else []
        process.kill()
        for pid in others:  # they hold its standard error, which is read to its end
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.communicate()


def said(process: subprocess.Popen[str], words: str) -> str:
    """Read what it and the model write to standard error until a line has these words."""
    assert process.stderr is not None
    return next(line for line in process.stderr if words in line)


@pytest.mark.parametrize("args", cases(PROCESS, THREAD, long=[WORKERS]))
def test_a_stop_while_the_first_model_loads_exits_with_0(tmp_path: Path, args: tuple[str, ...]) -> None:
    put_hanging(tmp_path)
    with starting(tmp_path, *args) as process:
        said(process, "loading hangs")
        models = model_processes(process.pid)

        process.terminate()

        assert process.wait(timeout=PATIENCE_S) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
        wait_until(lambda: all(map(is_gone, models)))


def test_a_stop_while_the_model_module_computes_exits_with_0(tmp_path: Path) -> None:
    """No handler of Python's runs before the main thread comes back from there."""
    put_hanging(tmp_path)
    computes = "__import__('hashlib').pbkdf2_hmac('sha256', b'a', b'b', 10**9)\n"
    (tmp_path / "hangs.py").write_text(HANGS.replace("time.sleep(3600)\n", computes))
    with starting(tmp_path, "--model-isolation", "thread") as process:
        said(process, "loading hangs")
        time.sleep(0.1)

        process.terminate()

        assert process.wait(timeout=PATIENCE_S) == 0


def test_a_stop_while_workers_load_their_models_exits_with_0(tmp_path: Path) -> None:
    """The supervisor has found the model good, and by then it is another."""
    (tmp_path / "adding.py").write_text(MODULE + SECOND_HANGS)
    put(tmp_path, 100)
    with starting(tmp_path, "--workers", "2") as process:
        for _ in range(2):
            said(process, "loading hangs")
        others = processes_of(Served(process))
        assert len(others) == 4

        process.terminate()

        assert process.wait(timeout=PATIENCE_S) == 0  # where each may take 120 s to start
        wait_until(lambda: all(map(is_gone, others)))


SECOND_HANGS = """
import os, time
if os.path.exists("seen"):
    print("loading hangs\\n", end="", flush=True)
    time.sleep(3600)
open("seen", "w").close()
"""


def test_a_reload_while_the_first_model_loads_is_not_lost(tmp_path: Path) -> None:
    holds = Holds(tmp_path)
    holds.hold(100)
    (tmp_path / "adding.py").write_text(MODULE + 'print("loading waits", flush=True)\nwait_while_held([100])\n')
    put(tmp_path, 100)
    with starting(tmp_path) as process:
        said(process, "loading waits")
        put(tmp_path, 200)
        process.send_signal(signal.SIGHUP)
        holds.let_go()

        assert process.stdout is not None
        assert any("docs" in line for line in process.stdout)
        assert process.stderr is not None
        line = next(line for line in process.stderr if "reloaded: " in line)
        assert "reloaded: fingerprint" in line
        process.terminate()
        assert process.wait(timeout=PATIENCE_S) == 0
