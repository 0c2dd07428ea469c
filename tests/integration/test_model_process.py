"""A model in a process of its own, beside a real service: how they load, compute, die and end together."""

import os
import re
import signal
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from support.effort import cases
from support.processes import Served, model_processes, served, wait_until, workers

MODULE = """
import time

class Looping:
    def predict(self, rows):
        seconds = float(rows[0][0])
        deadline = time.perf_counter() + seconds
        while time.perf_counter() < deadline:
            sum(range(100))
        return [seconds] * len(rows)
"""
"""A model in Python itself that computes for as many seconds as it is asked for."""

A_MOMENT, LONG = 0.001, 60.0


@contextmanager
def looping(folder: Path, *args: object, flags: tuple[str, ...] = ()) -> Iterator[Served]:
    """Serve it from a folder that holds its module beside its file."""
    (folder / "looping.py").write_text(MODULE)
    model = folder / "model.pkl"
    model.write_bytes(b"clooping\nLooping\n)\x81.")
    model.chmod(0o600)
    line = (model.name, "--features", "seconds", "--rows-per-call", "0", *args)
    with served(*line, cwd=folder, flags=flags) as running:
        yield running


@contextmanager
def asking(running: Served, seconds: float) -> Iterator[Future[httpx.Response]]:
    """Ask for something that the model computes by the time the block begins."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(running.get, "/predict", seconds=seconds)
        time.sleep(0.5)
        yield future


def model_of(running: Served) -> int:
    """Give the process id of its model."""
    (pid,) = model_processes(running.process.pid)
    return pid


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that nobody has waited for yet does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/status")
    return not (status.exists() and "(zombie)" in status.read_text())


def test_the_users_module_loads_there_and_no_scikit_learn_in_the_server(tmp_path: Path) -> None:
    with looping(tmp_path, flags=("-X", "importtime")) as running:
        answer = running.get("/predict", seconds=A_MOMENT)
        code = running.stop()
    imported = set(re.findall(r"\|\s+([\w.]+)$", "".join(running.err), re.MULTILINE))

    assert (answer.json(), code) == ({"prediction": A_MOMENT}, 0)
    assert {"fastapi", "foreseen.container"} <= imported
    assert imported & {"sklearn", "scipy", "pandas", "pyarrow", "joblib", "looping"} == set()


def test_hits_are_answered_while_the_model_computes_in_python(tmp_path: Path) -> None:
    with looping(tmp_path) as running, httpx.Client(base_url=running.url) as client:
        client.get("/predict", params={"seconds": A_MOMENT})
        taken = []
        with asking(running, 2.0) as slow:
            while not slow.done():
                start = time.perf_counter()
                hit = client.get("/predict", params={"seconds": A_MOMENT})
                taken.append(time.perf_counter() - start)
                assert hit.headers["cache-status"] == "foreseen; hit; detail=L1"

        assert slow.result().json() == {"prediction": 2.0}
        assert len(taken) > 20
        assert statistics.median(taken) < 0.05


def test_a_model_that_is_killed_fails_one_call_and_is_started_anew(tmp_path: Path) -> None:
    with looping(tmp_path, "--log-format", "json") as running:
        first = model_of(running)
        with asking(running, LONG) as slow:
            os.kill(first, signal.SIGKILL)
            failed = slow.result()
        again = running.get("/predict", seconds=A_MOMENT)
        second = model_of(running)

    assert (failed.status_code, failed.json()["title"]) == (500, "The model failed")
    assert failed.json()["detail"] == "the model's process was ended by SIGKILL before it had answered"
    assert (again.status_code, again.json()) == (200, {"prediction": A_MOMENT})
    assert second != first
    assert sum("another one is started" in line for line in running.err) == 1


@pytest.mark.parametrize("computes", cases(True, long=[False]))
def test_a_service_that_is_killed_leaves_no_model_behind(tmp_path: Path, computes: bool) -> None:
    with looping(tmp_path) as running, ThreadPoolExecutor(1) as pool:
        model = model_of(running)
        if computes:
            pool.submit(running.get, "/predict", seconds=LONG)
            time.sleep(0.5)
        assert is_alive(model)

        running.process.kill()

        wait_until(lambda: not is_alive(model), seconds=10)


def test_a_service_that_is_told_to_stop_as_a_whole_answers_what_it_has_begun(tmp_path: Path) -> None:
    with looping(tmp_path) as running:
        model = model_of(running)
        with asking(running, 2.0) as slow:
            os.kill(model, signal.SIGTERM)
            code = running.stop()
            answer = slow.result()

    assert (code, answer.json(), "".join(running.err)) == (0, {"prediction": 2.0}, "")
    assert not is_alive(model)


def test_each_worker_has_a_model_and_their_supervisor_none(tmp_path: Path) -> None:
    with looping(tmp_path, "--workers", "2") as running:
        assert model_processes(running.process.pid) == []
        models = [model_processes(worker) for worker in workers(running)]
        assert [len(of_one) for of_one in models] == [1, 1]
        assert running.get("/predict", seconds=A_MOMENT).json() == {"prediction": A_MOMENT}
        running.stop()

        wait_until(lambda: not any(is_alive(pid) for of_one in models for pid in of_one), seconds=10)


def test_in_a_thread_there_is_no_such_process(tmp_path: Path) -> None:
    with looping(tmp_path, "--model-in", "thread") as running:
        assert running.get("/predict", seconds=A_MOMENT).json() == {"prediction": A_MOMENT}
        assert model_processes(running.process.pid) == []
