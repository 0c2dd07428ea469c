"""A new model under the same name while clients ask: no request is lost, and no answer is of the wrong model."""

import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from support.processes import Served, model_processes, served, wait_until

MODULE = """
import time

class Adding:
    def __init__(self, added, names):
        self.added, self.feature_names_in_, self.n_features_in_ = added, names, len(names)

    def predict(self, rows):
        rows = [[float(value) for value in row] for row in (rows.values if hasattr(rows, "values") else rows)]
        time.sleep(max(row[0] for row in rows) if rows[0][0] >= 1 else 0)
        return [row[0] + self.added for row in rows]
"""


def put(folder: Path, added: int, names: tuple[str, ...] = ("a",)) -> None:
    """Put a model in place that adds so much to its first value, and waits as many seconds where that is 1 or more."""
    listed = "".join(f"V{name}\n" for name in names)
    new = folder / "new"
    # By hand: a class of a module that is not imported here.
    new.write_bytes(f"cadding\nAdding\n(I{added}\n(".encode() + listed.encode() + b"ltR.")
    new.chmod(0o600)
    new.rename(folder / "model.pkl")


@contextmanager
def adding(folder: Path, *args: object) -> Iterator[Served]:
    """Serve a model that adds 100."""
    (folder / "adding.py").write_text(MODULE)
    put(folder, 100)
    with served("model.pkl", "--rows-per-call", "0", "--cache-when", "always", *args, cwd=folder) as running:
        yield running


def reload(running: Served) -> httpx.Response:
    return httpx.post(running.url + "/admin/reload", timeout=60)


def answer(running: Served, a: float) -> float:
    return float(running.get("/predict", a=a).json()["prediction"])


@pytest.mark.parametrize("model_in", ["process", "thread"])
def test_the_new_model_answers_at_once_and_never_with_an_old_prediction(tmp_path: Path, model_in: str) -> None:
    with adding(tmp_path, "--model-in", model_in) as running:
        before = running.get("/model").json()
        assert [answer(running, 0.5), answer(running, 0.5)] == [100.5, 100.5]
        put(tmp_path, 200, ("a", "b"))

        told = reload(running)

        after = running.get("/model").json()
        assert (told.status_code, told.json()) == (200, {"status": "reloaded", "fingerprint": after["fingerprint"]})
        assert after["fingerprint"] != before["fingerprint"]
        assert [feature["name"] for feature in after["features"]] == ["a", "b"]
        assert '"b"' in running.get("/openapi.json").text
        assert running.get("/predict", a=0.5).status_code == 422
        assert running.get("/predict", a=0.5, b=1).json() == {"prediction": 200.5}
        hits = [line for line in running.get("/metrics").text.splitlines() if line.startswith("foreseen_l1_entries")]
        assert [float(line.split()[1]) for line in hits] == [2.0]
        assert running.stop() == 0


def test_what_is_under_way_ends_on_the_model_it_began_with(tmp_path: Path) -> None:
    with adding(tmp_path) as running, ThreadPoolExecutor(1) as pool:
        (old,) = model_processes(running.process.pid)
        under_way = pool.submit(answer, running, 4.0)
        time.sleep(0.5)
        put(tmp_path, 200)
        assert reload(running).json()["status"] == "reloaded"
        assert answer(running, 0.5) == 200.5

        assert under_way.result() == 104.0
        wait_until(lambda: old not in model_processes(running.process.pid), seconds=10)
        assert len(model_processes(running.process.pid)) == 1


def test_no_request_is_lost_while_models_change(tmp_path: Path) -> None:
    troubles: list[str] = []
    seen: list[float] = []
    is_over = threading.Event()

    def ask(number: int) -> None:
        with httpx.Client(base_url=running.url, timeout=30) as client:
            while not is_over.is_set():
                number += 4
                a = number % 40 * 0.01
                got = client.get("/predict", params={"a": a})
                if got.status_code != 200:
                    troubles.append(got.text)
                else:
                    seen.append(round(got.json()["prediction"] - a))

    with adding(tmp_path) as running, ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask, number) for number in range(4)]
        for added in (200, 300):
            put(tmp_path, added)
            running.process.send_signal(signal.SIGHUP)
            wait_until(lambda added=added: seen[-1:] == [added])  # type: ignore[misc]
        is_over.set()
        for each in asking:
            each.result()
        assert running.stop() == 0

    assert (troubles, sorted(set(seen))) == ([], [100, 200, 300])


def test_a_file_that_does_not_load_leaves_the_old_model_and_says_so(tmp_path: Path) -> None:
    with adding(tmp_path) as running:
        (tmp_path / "model.pkl").write_bytes(b"no model at all")

        told = reload(running)
        running.process.send_signal(signal.SIGHUP)
        wait_until(lambda: any("not reloaded, the old model goes on" in line for line in running.err))

        assert (told.status_code, told.headers["content-type"]) == (503, "application/problem+json")
        assert "model.pkl" in told.json()["detail"]
        assert answer(running, 0.5) == 100.5
        assert len(model_processes(running.process.pid)) == 1


def test_the_same_file_keeps_everything(tmp_path: Path) -> None:
    with adding(tmp_path) as running:
        models = model_processes(running.process.pid)
        answer(running, 0.5)

        assert reload(running).json()["status"] == "unchanged"

        assert running.get("/predict", a=0.5).headers["cache-status"] == "foreseen; hit; detail=L1"
        assert model_processes(running.process.pid) == models


def test_several_workers_all_reload(tmp_path: Path) -> None:
    with adding(tmp_path, "--workers", "2") as running:
        put(tmp_path, 200)

        assert reload(running).status_code == 202

        wait_until(lambda: sum("reloaded: fingerprint" in line for line in running.err) == 2)
        assert {answer(running, 0.5) for _ in range(10)} == {200.5}
