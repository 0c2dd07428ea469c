"""A model that fails, hangs or dies beside a real service: what its callers get, and that the next request works."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from support.held_model import Holds
from support.processes import WITHOUT_TLS, Served, model_processes, served, wait_until

MODULE = """
import os, sys, time
from support.held_model import wait_while_held

def twice(rows):
    return [0.0] * (2 * len(rows))

def stop_iterating(rows):
    raise StopIteration("no more")

def fail(rows):
    raise RuntimeError("out of order")

def hang(rows):
    open("hanging", "w").close()
    time.sleep(3600)

def hang_awhile(rows):
    wait_while_held([5.0])
    return [5.0] * len(rows)

def die(rows):
    wait_while_held([7.0])
    os._exit(9)

FAULTS = {1.0: fail, 2.0: twice, 3.0: lambda rows: sys.exit("enough"), 4.0: hang, 5.0: hang_awhile, 6.0: stop_iterating,
          7.0: die}

class Troubled:
    def predict(self, rows):
        fault = FAULTS.get(float(rows[0][0]))
        return fault(rows) if fault else [float(row[0]) for row in rows]
"""
FAIL, TWICE, EXIT, HANG, HANG_AWHILE, STOP_ITERATING, DIE = 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0
SOUND = 10.0


@contextmanager
def troubled(folder: Path, *args: object) -> Iterator[Served]:
    """Serve a model that does what its first value says."""
    (folder / "troubled.py").write_text(MODULE)
    model = folder / "model.pkl"
    model.write_bytes(b"ctroubled\nTroubled\n)\x81.")
    model.chmod(0o600)
    (folder / "model.toml").write_text('[[features]]\nname = "a"\ndtype = "float64"\n')
    patient = ("--timeout", "240s")  # a process that has ended is started again, however busy the machine is
    line = (model.name, "--rows-per-call", "0", "--cache-nondeterministic", "true", *patient, *args)
    with served(*line, cwd=folder) as running:
        yield running


def assert_sound(running: Served) -> None:
    """An ordinary request works, and the service is ready."""
    assert running.get("/predict", a=SOUND).json() == {"prediction": SOUND}
    assert running.get("/readyz").json() == {"status": "ready"}


def stored(running: Served) -> float:
    """Return how many predictions are held."""
    lines = running.get("/metrics").text.splitlines()
    return sum(float(line.split()[1]) for line in lines if line.startswith("foreseen_l1_entries"))


def waiting(running: Served) -> float:
    """Return how many instances wait for the model."""
    lines = running.get("/metrics").text.splitlines()
    return sum(float(line.split()[1]) for line in lines if line.startswith("foreseen_model_waiting_instances"))


@pytest.fixture(scope="module")
def mended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Path]]:
    """One service, and its folder, for all who leave it as sound as it was."""
    folder = tmp_path_factory.mktemp("troubled")
    with troubled(folder) as running:
        yield running, folder


@pytest.mark.parametrize("model_isolation", ["process", "thread"])
def test_a_failed_prediction_is_reported_and_not_cached(tmp_path: Path, model_isolation: str) -> None:
    said = {
        FAIL: "RuntimeError: out of order",
        TWICE: "expected 1 rows from predict",
        EXIT: "SystemExit: enough",
        STOP_ITERATING: "StopIteration: no more",
    }
    with troubled(tmp_path, "--model-isolation", model_isolation) as running:
        for fault, words in said.items():
            for _ in range(2):
                answer = running.get("/predict", a=fault)
                assert (answer.status_code, answer.json()["title"]) == (500, "The model failed")
                assert answer.headers["content-type"] == "application/problem+json"
                assert words in answer.json()["detail"]
        assert stored(running) == 0
        assert_sound(running)
        assert stored(running) == 1


def test_a_hanging_model_is_ended_at_its_limit_and_restarted(tmp_path: Path) -> None:
    # Which a call that does not hang takes far less, though its priority is lower.
    with troubled(tmp_path, "--model-timeout", "3s") as running:
        (before,) = model_processes(running.process.pid)
        answer = running.get("/predict", a=HANG)
        assert (answer.status_code, answer.json()["title"]) == (500, "The model failed")
        said = "has not answered within 3 s (model_timeout)"
        assert answer.json()["detail"] == f"the model's process {said} and was ended"

        assert_sound(running)
        (after,) = model_processes(running.process.pid)
        assert after != before
        assert stored(running) == 1
    assert sum(said in line for line in running.err) >= 1


def test_a_service_is_unready_until_its_model_is_back(mended: tuple[Served, Path]) -> None:
    running, folder = mended
    path = folder / "model.pkl"
    path.rename(folder / "aside")
    (model,) = model_processes(running.process.pid)
    os.kill(model, signal.SIGKILL)
    wait_until(lambda: running.get("/readyz").status_code == 503)
    unready: dict[str, object] = {}

    def could_not_start() -> bool:
        unready.update(running.get("/readyz").json())  # the next reply may be of the next attempt
        return "could not start" in str(unready.get("detail"))

    wait_until(could_not_start)
    assert (unready["title"], "no such file" in str(unready["detail"])) == ("No model is ready", True)
    assert running.get("/livez").status_code == 200

    (folder / "aside").rename(path)

    wait_until(lambda: running.get("/readyz").status_code == 200)
    assert_sound(running)


def test_a_readiness_probe_replaces_an_idle_model_that_died(mended: tuple[Served, Path]) -> None:
    running, _ = mended
    (before,) = model_processes(running.process.pid)
    os.kill(before, signal.SIGKILL)

    wait_until(lambda: running.get("/readyz").status_code == 503)
    wait_until(lambda: running.get("/readyz").status_code == 200)

    assert model_processes(running.process.pid) != [before]
    assert_sound(running)


def test_a_model_hanging_in_a_thread_makes_the_service_unready(tmp_path: Path) -> None:
    holds = Holds(tmp_path)
    with (
        troubled(tmp_path, "--model-isolation", "thread", "--model-timeout", "500ms") as running,
        ThreadPoolExecutor(1) as pool,
    ):
        holds.hold(HANG_AWHILE)
        slow = pool.submit(running.get, "/predict", a=HANG_AWHILE)
        wait_until(lambda: running.get("/readyz").status_code == 503)
        assert "has not answered within 0.5 s" in running.get("/readyz").json()["detail"]
        holds.let_go()

        assert slow.result().json() == {"prediction": 5.0}
        wait_until(lambda: running.get("/readyz").status_code == 200)
        assert_sound(running)


def test_a_call_that_kills_its_process_fails_alone(mended: tuple[Served, Path]) -> None:
    running, folder = mended
    holds = Holds(folder)
    holds.hold(DIE)
    with ThreadPoolExecutor(4) as pool:
        deadly = pool.submit(running.get, "/predict", a=DIE)
        wait_until(lambda: holds.has_begun(DIE))
        others = [pool.submit(running.get, "/predict", a=SOUND + n) for n in range(1, 4)]
        wait_until(lambda: waiting(running) == 3)
        holds.let_go()

        assert deadly.result().status_code == 500
        assert [other.result().json() for other in others] == [{"prediction": SOUND + n} for n in range(1, 4)]
    assert_sound(running)


def test_hits_are_answered_while_the_model_hangs(tmp_path: Path) -> None:
    with troubled(tmp_path) as running, ThreadPoolExecutor(1) as pool:
        running.get("/predict", a=SOUND)
        hanging = pool.submit(running.get, "/predict", a=HANG)
        wait_until((tmp_path / "hanging").exists)
        with httpx.Client(base_url=running.url, **WITHOUT_TLS) as client:
            for _ in range(50):
                assert client.get("/predict", params={"a": SOUND}).headers["cache-status"].startswith("foreseen; hit")
        assert not hanging.done()

        (model,) = model_processes(running.process.pid)
        os.kill(model, signal.SIGKILL)
        assert hanging.result().status_code == 500
