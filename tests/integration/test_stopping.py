"""Stopping a real service by signals: what is under way is answered, and nothing is waited for without limit."""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import redis

from support.effort import cases
from support.processes import Served, model_processes, served, wait_until, workers

MODULE = """
import time

class Slow:
    def predict(self, rows):
        time.sleep(max(float(row[0]) for row in rows))
        return [float(row[0]) for row in rows]
"""


def slow(folder: Path) -> tuple[str, ...]:
    """Give the line that serves a model which takes as many seconds as it is asked for."""
    (folder / "slow.py").write_text(MODULE)
    model = folder / "model.pkl"
    model.write_bytes(b"cslow\nSlow\n)\x81.")
    model.chmod(0o600)
    return (model.name, "--features", "a", "--rows-per-call", "0", "--cache-when", "always")


def is_alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "(zombie)" not in status.read_text()


class Askers:
    """Clients that keep asking, each on its own connection, until they are refused."""

    def __init__(self, running: Served) -> None:
        self._url = running.url
        self.answers: list[int] = []
        self.troubles: list[str] = []
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(6)]
        for thread in self._threads:
            thread.start()

    def _ask(self, number: int) -> None:
        with httpx.Client(base_url=self._url, timeout=30) as client:
            while True:
                number += 6
                try:
                    self.answers.append(client.get("/predict", params={"a": number % 600 * 1e-5}).status_code)
                except httpx.ConnectError:
                    return
                except httpx.HTTPError as exc:
                    self.troubles.append(repr(exc))
                    return

    def join(self) -> None:
        for thread in self._threads:
            thread.join(timeout=30)


@pytest.mark.parametrize("args", [(), ("--workers", "2")], ids=["one process", "two workers"])
def test_under_load_every_request_is_answered_or_refused_at_connect(tmp_path: Path, args: tuple[str, ...]) -> None:
    with served(*slow(tmp_path), *args, cwd=tmp_path) as running:
        askers = Askers(running)
        wait_until(lambda: len(askers.answers) > 200)
        code = running.stop()
        askers.join()

    assert (code, askers.troubles, set(askers.answers)) == (0, [], {200})


@pytest.mark.parametrize("model_in", ["process", "thread"])
def test_a_model_that_hangs_keeps_nobody_longer_than_the_limit(tmp_path: Path, model_in: str) -> None:
    line = (*slow(tmp_path), "--stop-timeout", "1s", "--model-in", model_in)
    with served(*line, cwd=tmp_path) as running, ThreadPoolExecutor(1) as pool:
        models = model_processes(running.process.pid)
        hanging = pool.submit(running.get, "/predict", a=60)
        time.sleep(0.5)
        start = time.monotonic()
        code = running.stop()

        assert (code, time.monotonic() - start < 15) == (0, True)
        assert hanging.result().status_code == 500
        assert "the service stops" in hanging.result().json()["detail"]
        assert not any(map(is_alive, models))


@pytest.mark.parametrize(
    ("args", "told"),
    cases(
        ((), signal.SIGINT),
        (("--workers", "2"), signal.SIGTERM),
        long=[((), signal.SIGTERM), (("--workers", "2"), signal.SIGINT)],
    ),
)
def test_the_second_signal_waits_for_nothing(tmp_path: Path, args: tuple[str, ...], told: signal.Signals) -> None:
    with served(*slow(tmp_path), *args, cwd=tmp_path) as running, ThreadPoolExecutor(1) as pool:
        parents = workers(running) if args else [running.process.pid]
        models = [pid for parent in parents for pid in model_processes(parent)]
        hanging = pool.submit(running.get, "/predict", a=60)
        time.sleep(0.5)
        running.process.send_signal(told)
        time.sleep(1)
        assert running.process.poll() is None

        assert running.stop(told) == 128 + told

        wait_until(lambda: not any(map(is_alive, [*models, *parents])), seconds=10)
        assert isinstance(hanging.exception(), httpx.HTTPError)
    assert any("told to stop again" in line for line in running.err)


def test_a_signal_that_a_worker_gets_twice_is_one(tmp_path: Path) -> None:
    with served(*slow(tmp_path), "--workers", "2", cwd=tmp_path) as running, ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(running.get, "/predict", a=3)
        time.sleep(0.5)
        for worker in workers(running):
            os.kill(worker, signal.SIGTERM)

        assert running.stop() == 0
        assert under_way.result().json() == {"prediction": 3.0}


def test_what_waits_to_be_written_to_redis_is_written(tmp_path: Path, redis_url: str) -> None:
    line = (*slow(tmp_path), "--cache", "redis", "--redis-url", redis_url)
    with served(*line, cwd=tmp_path) as running, ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(running.get, "/predict", a=1)
        time.sleep(0.5)
        assert running.stop() == 0
        assert under_way.result().status_code == 200
    with redis.Redis.from_url(redis_url) as client:
        assert len([key for key in client.keys("foreseen:model:*") if b":lease:" not in key]) == 1
