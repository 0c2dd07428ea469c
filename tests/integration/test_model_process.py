"""A model in a process of its own, beside a real service: how they load, compute, die and end together."""

import os
import re
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from support.example_counts import cases
from support.fork_server import FORKED_MODEL, FORKED_WORKER
from support.held_model import Holds
from support.process_facts import is_gone
from support.processes import WITHOUT_TLS, Served, model_processes, served, wait_until, wait_until_closed, workers

MODULE = """
from pathlib import Path

class Looping:
    def predict(self, rows):
        numbers = [float(row[0]) for row in rows]
        held = Path(f"hold {numbers[0]:g}")
        if held.exists():
            Path(f"begun {numbers[0]:g}").touch()
        while held.exists():
            for _ in range(1000):
                sum(range(100))
        return numbers
"""
"""A model in Python itself that computes for as long as a number is held, as by support.held_model."""

FREE, HELD = 1.0, 2.0


@contextmanager
def looping(folder: Path, *args: object, flags: tuple[str, ...] = ()) -> Iterator[Served]:
    """Serve it from a folder that holds its module beside its file."""
    (folder / "looping.py").write_text(MODULE)
    model = folder / "model.pkl"
    model.write_bytes(b"clooping\nLooping\n)\x81.")
    model.chmod(0o600)
    line = (model.name, "--features", "number", "--rows-per-call", "0", *args)
    with served(*line, cwd=folder, flags=flags) as running:
        yield running


@contextmanager
def computing(running: Served, folder: Path) -> Iterator[Future[httpx.Response]]:
    """Request something that the model computes until the block ends."""
    holds = Holds(folder)
    holds.hold(HELD)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(running.get, "/predict", number=HELD)
        wait_until(lambda: holds.has_begun(HELD))
        try:
            yield asked
        finally:
            holds.let_go()


def model_of(running: Served) -> int:
    """Return the process id of its model."""
    (pid,) = model_processes(running.process.pid)
    return pid


def test_the_users_module_loads_in_the_models_process_only(tmp_path: Path) -> None:
    with looping(tmp_path, flags=("-X", "importtime")) as running:
        answer = running.get("/predict", number=FREE)
        code = running.stop()
    imported = set(re.findall(r"\|\s+([\w.]+)$", "".join(running.err), re.MULTILINE))

    assert (answer.json(), code) == ({"prediction": FREE}, 0)
    assert {"fastapi", "foreseen.wiring.container"} <= imported
    assert imported & {"sklearn", "scipy", "pandas", "pyarrow", "joblib", "looping"} == set()


def test_hits_are_answered_while_the_model_computes_in_python(tmp_path: Path) -> None:
    with looping(tmp_path) as running, httpx.Client(base_url=running.url, **WITHOUT_TLS) as client:
        client.get("/predict", params={"number": FREE})
        with computing(running, tmp_path) as slow:
            for _ in range(50):
                hit = client.get("/predict", params={"number": FREE})
                assert hit.headers["cache-status"] == "foreseen; hit; detail=L1"
            assert not slow.done()

        assert slow.result().json() == {"prediction": HELD}


def test_a_killed_model_process_fails_one_call_and_restarts(tmp_path: Path) -> None:
    with looping(tmp_path, "--log-format", "json") as running:
        first = model_of(running)
        with computing(running, tmp_path) as slow:
            os.kill(first, signal.SIGKILL)
            failed = slow.result()
        again = running.get("/predict", number=FREE)
        second = model_of(running)

    assert (failed.status_code, failed.json()["title"]) == (500, "The model failed")
    assert failed.json()["detail"] == "the model's process was ended by SIGKILL before it had answered"
    assert (again.status_code, again.json()) == (200, {"prediction": FREE})
    assert second != first
    assert sum("another one is started" in line for line in running.err) == 1


@pytest.mark.parametrize("computes", cases(True, long=[False]))
def test_a_killed_service_leaves_no_model_process(tmp_path: Path, computes: bool) -> None:
    with looping(tmp_path) as running, ExitStack() as stack:
        model = model_of(running)
        if computes:
            stack.enter_context(computing(running, tmp_path))
        assert not is_gone(model)

        running.process.kill()

        wait_until(lambda: is_gone(model))


def test_a_stopped_service_answers_its_running_requests(tmp_path: Path) -> None:
    with looping(tmp_path) as running, ThreadPoolExecutor(1) as pool:
        model = model_of(running)
        with computing(running, tmp_path) as slow:
            os.kill(model, signal.SIGTERM)
            stopping = pool.submit(running.stop)
            wait_until_closed(running)
        code = stopping.result()
        answer = slow.result()

    assert (code, answer.json(), running.complaints) == (0, {"prediction": HELD}, [])
    assert is_gone(model)


def test_each_worker_has_a_model_and_their_supervisor_none(tmp_path: Path) -> None:
    with looping(tmp_path, "--workers", "2") as running:
        assert model_processes(running.process.pid) == []
        models = [model_processes(worker) for worker in workers(running)]
        assert [len(of_one) for of_one in models] == [1, 1]
        assert running.get("/predict", number=FREE).json() == {"prediction": FREE}
        running.stop()

        wait_until(lambda: all(is_gone(pid) for of_one in models for pid in of_one))


def test_in_a_thread_there_is_no_such_process(tmp_path: Path) -> None:
    with looping(tmp_path, "--model-isolation", "thread") as running:
        assert running.get("/predict", number=FREE).json() == {"prediction": FREE}
        assert model_processes(running.process.pid) == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the name of a process cannot be changed")
def test_services_of_tests_fork_their_workers_and_models(tmp_path: Path) -> None:
    with looping(tmp_path, "--workers", "2") as running:
        of_both = workers(running)
        models = [pid for worker in of_both for pid in model_processes(worker)]

        assert {name_of(pid) for pid in of_both} == {FORKED_WORKER}
        assert {name_of(pid) for pid in models} == {FORKED_MODEL}


def name_of(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()
