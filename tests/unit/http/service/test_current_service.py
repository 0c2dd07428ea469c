"""The current service in process: what a reload does to the previous model, and what requests get meanwhile."""

import gc
import logging
import os
import signal
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from foreseen.domain.errors import ModelUnavailableError, PredictionError
from foreseen.domain.predict import Predict
from foreseen.entrypoints.http.processes.reload_requests import ReloadRequests
from foreseen.entrypoints.http.service import model_reload
from foreseen.entrypoints.http.service.assembly import create_front
from foreseen.entrypoints.http.service.model_reload import Loading
from foreseen.entrypoints.startup_signals import RememberedReload
from foreseen.settings import Settings
from support.event_loop_steps import until
from support.in_process_replica import replica
from support.in_process_service import wired_with
from support.models import save
from support.own_models import Doubler
from support.time_limits import PATIENCE_S


def alive(kinds: Sequence[type], but: Sequence[object] = ()) -> list[object]:
    """Return the objects of classes, by their names: a model's own class is another one after each load."""
    gc.collect()
    known, names = set(map(id, but)), {kind.__name__ for kind in kinds}
    return [each for each in gc.get_objects() if type(each).__name__ in names and id(each) not in known]


async def test_replaced_models_are_freed(tmp_path: Path) -> None:
    model = Doubler()
    path = save(model, tmp_path)
    kinds = (Doubler, Predict, FastAPI)
    before = alive(kinds)
    front = create_front(wired_with(path, features=["a"], rows_per_call=0, cache_nondeterministic=True))
    async with replica(front) as client:
        for number in range(4):
            model.label = f"so that the file is another {number}"  # type: ignore[attr-defined]
            save(model, tmp_path)
            assert (await client.post("/admin/reload")).json()["status"] == "reloaded"
        # The first's routes stay: its application is what opens and closes the caches.
        remaining = {"Doubler": 1, "Predict": 2, "FastAPI": 2}
        await until(lambda: Counter(type(each).__name__ for each in alive(kinds, before)) == remaining)


async def test_another_model_has_the_cache_judged_again(tmp_path: Path) -> None:
    model = Doubler()
    wiring = wired_with(
        save(model, tmp_path), features=["a"], rows_per_call=0, cache="lru", cache_nondeterministic=True
    )
    adaptive = wiring.caches.adaptive_l1
    assert adaptive is not None
    async with replica(create_front(wiring)) as client:
        adaptive.payoff.pays = False
        await client.post("/admin/reload")
        assert adaptive.store_share < 1  # the same model

        model.label = "another"  # type: ignore[attr-defined]
        save(model, tmp_path)
        await client.post("/admin/reload")
        assert adaptive.store_share == 1


async def test_a_failed_reload_is_a_problem_and_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = save(Doubler(), tmp_path)
    async with replica(create_front(wired_with(path, features=["a"]))) as client:
        path.write_bytes(b"no model")

        reply = await client.post("/admin/reload")

    problem = reply.json()
    assert (reply.status_code, problem["type"]) == (503, "urn:foreseen:problem:not-reloaded")
    assert problem["title"] == "Not reloaded; the previous model still serves"
    assert len([each for each in caplog.messages if problem["detail"] in each]) == 1


async def test_a_reload_in_a_worker_is_passed_on_to_all(tmp_path: Path) -> None:
    requests = ReloadRequests()
    front = create_front(wired_with(save(Doubler(), tmp_path), features=["a"]), reload_all=requests.make)
    async with replica(front) as client:
        reply = await client.post("/admin/reload")

    assert (reply.status_code, requests.take()) == (202, True)


async def test_a_reload_in_a_worker_without_a_supervisor_signals_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = ReloadRequests()
    orphan = ReloadRequests.of_writer(os.dup(requests.writer))
    del requests  # with the reading end, as the supervisor has
    front = create_front(wired_with(save(Doubler(), tmp_path), features=["a"]), reload_all=orphan.make)
    sent: list[object] = []
    monkeypatch.setattr(os, "kill", lambda *args: sent.append(args))
    async with replica(front) as client:
        reply = await client.post("/admin/reload")

    assert (reply.status_code, reply.json()["type"]) == (503, "urn:foreseen:problem:not-reloaded")
    assert "the supervisor of the workers has ended" in reply.json()["detail"]
    assert not sent


@pytest.mark.parametrize("error", [OSError(24, "Too many open files"), MemoryError(), RuntimeError("a bug")], ids=repr)
async def test_a_reload_that_fails_for_whatever_reason_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(_: object) -> None:
        raise error

    async with replica(create_front(wired_with(save(Doubler(), tmp_path), features=["a"]))) as client:
        monkeypatch.setattr(model_reload, "ServedModel", fail)
        reply = await client.post("/admin/reload")

    assert (reply.status_code, reply.json()["type"]) == (503, "urn:foreseen:problem:not-reloaded")
    assert type(error).__name__ in reply.json()["detail"]


async def test_a_reload_signal_between_handlers_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def come_just_before(signum: int, handler: Any) -> Any:
        if signum == signal.SIGHUP:
            signal.raise_signal(signum)
        return exchange(signum, handler)

    caplog.set_level(logging.INFO, "foreseen")
    exchange, before = signal.signal, signal.signal(signal.SIGHUP, RememberedReload())
    monkeypatch.setattr(signal, "signal", come_just_before)
    async with replica(create_front(wired_with(save(Doubler(), tmp_path), features=["a"]))):
        await until(lambda: any("reloaded: the model is the same" in each for each in caplog.messages))
    exchange(signal.SIGHUP, before)


class TestLoading:
    @pytest.fixture
    def settings(self, tmp_path: Path) -> Settings:
        return Settings(model=save(Doubler(), tmp_path), model_isolation="thread")

    async def test_a_load_that_takes_too_long_is_abandoned(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(model_reload, "LIMIT_S", 0.05)
        hangs = threading.Event()
        with pytest.raises(ModelUnavailableError, match=r"abandoned: expected the model to load within 0.05 s"):
            await Loading(settings, lambda _: hangs.wait(PATIENCE_S)).result()
        hangs.set()

    async def test_a_failure_is_raised(self, settings: Settings) -> None:
        def fail(_: object) -> None:
            raise PredictionError("no")

        with pytest.raises(PredictionError, match="no"):
            await Loading(settings, fail).result()
