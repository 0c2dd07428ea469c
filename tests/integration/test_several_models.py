"""Several models in one service, each in a process of its own: reached by name, reloaded, and ended with it."""

import os
import signal
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from support.in_process_fleet import adders
from support.process_facts import is_gone
from support.processes import WITHOUT_TLS, Served, model_processes, run, served, wait_until, workers

NUMBERS = {"a.joblib": 100, "b/1.joblib": 200, "b/2.joblib": 300}
TABLE = '[models.b]\nversions = "all"\naliases = {first = 1}\n'
PATHS = {"/models/a/predict": 101, "/models/b/versions/first/predict": 201, "/models/b/predict": 301}
"""What each answers for a = 1."""
LINE = ("models", "--config", "foreseen.toml", "--rows-per-call", "0")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    adders(tmp_path / "models", NUMBERS)
    (tmp_path / "foreseen.toml").write_text(TABLE)
    return tmp_path


def answers(running: Served, times: int = 1) -> list[Sequence[float]]:
    """Send the same body to every model on one connection, several times."""
    with httpx.Client(base_url=running.url, **WITHOUT_TLS) as client:
        return [[client.post(path, json={"a": 1}).json()["prediction"] for path in PATHS] for _ in range(times)]


def test_models_in_processes_answer_each_for_itself(folder: Path) -> None:
    with served(*LINE, "--default-model", "a", cwd=folder) as running:
        models = model_processes(running.process.pid)
        assert len(models) == 3
        # From the third time on, hits are answered by their heads.
        assert answers(running, times=5) == [list(PATHS.values())] * 5
        assert running.get("/predict", a=1).json() == {"prediction": 101}
        lines = running.get("/metrics").text.splitlines()
        hits = [line for line in lines if line.startswith("foreseen_hits_total") and 'tier="L1"' in line]
        assert [line.split()[1] for line in hits] == ["5.0", "4.0", "4.0"]
        assert 'foreseen_requests_total{model="a",route="/predict",status="200",version="1"} 6.0' in lines
        assert running.stop() == 0
    wait_until(lambda: all(map(is_gone, models)))


def test_a_signal_reloads_the_model_that_has_changed(folder: Path) -> None:
    with served(*LINE, cwd=folder) as running:
        adders(folder / "models", {"b/1.joblib": 250})
        (folder / "models" / "a.joblib").write_bytes(b"no model")
        os.kill(running.process.pid, signal.SIGHUP)

        wait_until(lambda: answers(running) == [[101, 251, 301]])
        assert running.get("/readyz").json() == {"status": "ready", "unready": []}


def test_each_worker_has_each_model(folder: Path) -> None:
    with served(*LINE, "--workers", "2", cwd=folder) as running:
        assert answers(running, times=4) == [list(PATHS.values())] * 4
        wait_until(lambda: 'foreseen_misses_total{model="a",version="1"}' in running.get("/metrics").text)
        assert len(workers(running)) == 2
        assert running.stop() == 0


def test_a_model_that_does_not_load_is_one_line(folder: Path) -> None:
    (folder / "models" / "b" / "2.joblib").write_bytes(b"no model")

    ended = run("serve", *LINE, "--port", "0", cwd=folder)

    assert (ended.returncode, ended.stdout) == (1, b"")
    assert b"models/b/2.joblib: expected" in ended.stderr.splitlines()[-1]
    assert b"Traceback" not in ended.stderr


def resident_kib(pids: Sequence[int]) -> int:
    """Return the memory of processes."""
    lines = [line for pid in pids for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def test_an_unloaded_model_gives_its_memory_back(folder: Path) -> None:
    with served(*LINE, cwd=folder) as running:
        before = model_processes(running.process.pid)
        service, models = running.process.pid, resident_kib(before)
        own = resident_kib([service])

        for _ in range(2):
            reply = httpx.post(f"{running.url}/admin/models/a/unload", **WITHOUT_TLS)
            assert (reply.status_code, reply.json()) == (200, {"/models/a/versions/1": "unloaded"})
            wait_until(lambda: len(model_processes(service)) == 2)
            left = model_processes(service)
            assert resident_kib(left) < models * 0.8  # of three that are alike
            assert running.get("/models/a/predict", a=1).status_code == 404
            reply = httpx.post(f"{running.url}/admin/models/a/load", **WITHOUT_TLS)
            assert reply.json() == {"/models/a/versions/1": "loaded"}
            assert running.get("/models/a/predict", a=1).json() == {"prediction": 101}
        assert resident_kib([service]) < own * 1.5


def test_a_signal_serves_what_the_settings_file_says_now(folder: Path) -> None:
    with served(*LINE, cwd=folder) as running:
        adders(folder / "models", {"c.joblib": 400})
        (folder / "foreseen.toml").write_text(TABLE.replace("first = 1", "first = 2"))
        os.kill(running.process.pid, signal.SIGHUP)

        wait_until(lambda: answers(running) == [[101, 301, 301]])
        assert running.get("/models/c/predict", a=1).json() == {"prediction": 401}
        assert len(model_processes(running.process.pid)) == 4
