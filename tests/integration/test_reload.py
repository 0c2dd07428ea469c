"""A new model under the same name under load: no request is lost, and no answer is of the wrong model."""

import os
import signal
import threading
from binascii import a2b_base64
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from support.held_model import Holds
from support.process_facts import is_gone
from support.processes import WITHOUT_TLS, Served, model_processes, wait_until
from support.reloadable_service import adding, answer, put, reload

RELOADS = int(os.environ.get("FORESEEN_TEST_RELOADS", "8"))
"""How often models are exchanged under load; `FORESEEN_TEST_RELOADS=300` for more."""


@pytest.mark.parametrize("model_isolation", ["process", "thread"])
def test_the_current_model_never_answers_with_a_previous_prediction(tmp_path: Path, model_isolation: str) -> None:
    with adding(tmp_path, "--model-isolation", model_isolation) as running:
        before = running.get("/model").json()
        assert [answer(running, 0.5), answer(running, 0.5)] == [100.5, 100.5]
        put(tmp_path, 200, ("a", "b"))

        reply = reload(running)

        after = running.get("/model").json()
        assert (reply.status_code, reply.json()) == (200, {"status": "reloaded", "fingerprint": after["fingerprint"]})
        assert after["fingerprint"] != before["fingerprint"]
        assert [feature["name"] for feature in after["features"]] == ["a", "b"]
        assert '"b"' in running.get("/openapi.json").text
        assert running.get("/predict", a=0.5).status_code == 422
        assert running.get("/predict", a=0.5, b=1).json() == {"prediction": 200.5}
        hits = [line for line in running.get("/metrics").text.splitlines() if line.startswith("foreseen_l1_entries")]
        assert [float(line.split()[1]) for line in hits] == [2.0]
        assert running.stop() == 0


@pytest.fixture
def holds(tmp_path: Path) -> Holds:
    return Holds(tmp_path)


def ask_for_held(pool: ThreadPoolExecutor, running: Served, holds: Holds, a: float) -> Future[httpx.Response]:
    """Request something on which the model has begun by then."""
    holds.hold(a)
    asked = pool.submit(running.get, "/predict", a=a)
    wait_until(lambda: holds.has_begun(a))
    return asked


def test_a_running_request_ends_on_the_model_it_began_with(tmp_path: Path, holds: Holds) -> None:
    with adding(tmp_path) as running, ThreadPoolExecutor(1) as pool:
        (old,) = model_processes(running.process.pid)
        under_way = ask_for_held(pool, running, holds, 2.5)
        put(tmp_path, 200)
        assert reload(running).json()["status"] == "reloaded"
        assert answer(running, 0.5) == 200.5
        holds.let_go()

        assert under_way.result().json() == {"prediction": 102.5}
        wait_until(lambda: old not in model_processes(running.process.pid))
        assert len(model_processes(running.process.pid)) == 1


def test_no_request_is_lost_while_models_change(tmp_path: Path) -> None:
    troubles: list[str] = []
    seen: list[float] = []
    is_over = threading.Event()

    def ask(number: int) -> None:
        with httpx.Client(base_url=running.url, **WITHOUT_TLS) as client:
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
        wait_until(lambda: seen[-1:] == [100])
        for added in (200, 300):
            put(tmp_path, added)
            running.process.send_signal(signal.SIGHUP)
            wait_until(lambda added=added: seen[-1:] == [added])  # type: ignore[misc]
        is_over.set()
        for each in asking:
            each.result()
        assert running.stop() == 0

    assert (troubles, sorted(set(seen))) == ([], [100, 200, 300])


def test_every_answer_is_of_the_model_that_its_tag_names(tmp_path: Path) -> None:
    added_by: dict[bytes, set[float]] = {}
    statuses: set[int] = set()
    is_over = threading.Event()

    def is_asked(added: float) -> bool:
        return any(added in each for each in list(added_by.values()))  # a list, since others go on adding

    def ask(number: int) -> None:
        with httpx.Client(base_url=running.url, **WITHOUT_TLS) as client:
            while not is_over.is_set():
                number += 4
                a = number % 40 * 0.01
                got = client.get("/predict", params={"a": a})
                statuses.add(got.status_code)
                namespace = a2b_base64(got.headers["etag"].strip('"'))[:16]
                added_by.setdefault(namespace, set()).add(round(got.json()["prediction"] - a))

    with (
        adding(tmp_path, "--model-isolation", "thread", "--lru-max-entries", 100) as running,
        ThreadPoolExecutor(4) as pool,
    ):
        asking = [pool.submit(ask, number) for number in range(4)]
        wait_until(lambda: is_asked(100))
        for added in range(101, 101 + RELOADS):
            put(tmp_path, added)
            assert reload(running).json()["status"] == "reloaded"
            wait_until(lambda added=added: is_asked(added))  # type: ignore[misc]
        is_over.set()
        for each in asking:
            each.result()
        held = [line for line in running.get("/metrics").text.splitlines() if line.startswith("foreseen_l1_entries ")]
        assert float(held[0].split()[1]) <= 100
        assert running.stop() == 0

    assert statuses == {200}
    assert all(len(added) == 1 for added in added_by.values())
    assert sorted(set.union(*added_by.values())) == list(range(100, 101 + RELOADS))
    assert len(added_by) == 1 + RELOADS


@pytest.mark.parametrize("model_isolation", ["process", "thread"])
def test_a_hanging_previous_model_delays_neither_reload_nor_shutdown(
    tmp_path: Path, holds: Holds, model_isolation: str
) -> None:
    with (
        adding(tmp_path, "--model-isolation", model_isolation, "--stop-timeout", "1s") as running,
        ThreadPoolExecutor(1) as pool,
    ):
        hanging = ask_for_held(pool, running, holds, 60)
        put(tmp_path, 200)
        assert reload(running).json()["status"] == "reloaded"
        assert answer(running, 0.5) == 200.5
        models = model_processes(running.process.pid)

        assert running.stop() == 0

        assert hanging.result().status_code == 500
        assert "(stop_timeout)" in hanging.result().json()["detail"]
        assert any("for 1 s at most (stop_timeout)" in line for line in running.err)
        wait_until(lambda: all(map(is_gone, models)))


def test_a_file_that_does_not_load_keeps_the_previous_model(tmp_path: Path) -> None:
    with adding(tmp_path) as running:
        (tmp_path / "model.pkl").write_bytes(b"no model at all")

        reply = reload(running)
        running.process.send_signal(signal.SIGHUP)
        wait_until(lambda: sum("not reloaded, the previous model still serves" in line for line in running.err) == 2)

        assert (reply.status_code, reply.headers["content-type"]) == (503, "application/problem+json")
        assert "model.pkl" in reply.json()["detail"]
        assert answer(running, 0.5) == 100.5
        assert len(model_processes(running.process.pid)) == 1


def waiting(running: Served) -> float:
    """Return how many instances wait for the model."""
    lines = running.get("/metrics").text.splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("foreseen_model_waiting_instances "))


def test_the_same_file_keeps_everything(tmp_path: Path, holds: Holds) -> None:
    with adding(tmp_path) as running, ThreadPoolExecutor(2) as pool:
        models = model_processes(running.process.pid)
        answer(running, 0.5)

        assert reload(running).json()["status"] == "unchanged"

        assert running.get("/predict", a=0.5).headers["cache-status"] == "foreseen; hit; detail=L1"
        assert model_processes(running.process.pid) == models
        first = ask_for_held(pool, running, holds, 1.25)
        second = pool.submit(running.get, "/predict", a=1.5)
        wait_until(lambda: waiting(running) == 1)
        holds.let_go()
        assert [each.result().json()["prediction"] for each in (first, second)] == [101.25, 101.5]


def test_several_workers_all_reload(tmp_path: Path) -> None:
    with adding(tmp_path, "--workers", "2") as running:
        put(tmp_path, 200)

        assert reload(running).status_code == 202

        wait_until(lambda: sum("reloaded: fingerprint" in line for line in running.err) == 2)
        assert {answer(running, 0.5) for _ in range(10)} == {200.5}
