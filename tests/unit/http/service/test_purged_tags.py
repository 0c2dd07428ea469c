"""After a purge no client is answered that what it keeps is still good."""

import asyncio
from collections.abc import Iterator

import pytest

from foreseen.domain.values.batch import Batch
from foreseen.domain.values.predictions import EncodedPredictions, Predictions
from foreseen.entrypoints.http.service.hot_path import HotPath
from foreseen.wiring.service import Service as WiredService
from foreseen.wiring.service import rewire
from support.fakes import FakePredictor
from support.service import Reply, Service, service, wired_around

QUERY = b"length=1&width=2"


@pytest.fixture
def wiring() -> WiredService:
    return wired_around(FakePredictor(), cache="lru")


@pytest.fixture(params=["ordinary", "hot"])
def asked(request: pytest.FixtureRequest, wiring: WiredService) -> Iterator[Service]:
    """The service as it is, and behind the hot path."""
    with service(wiring) as ordinary:
        hot = HotPath(ordinary.app, ordinary.predict, max_body=2**20, max_rows=100)
        yield ordinary if request.param == "ordinary" else ordinary.behind(hot)


def get(asked: Service, method: str = "GET", **headers: str) -> Reply:
    return asked.send(method, query=QUERY, headers={name.replace("_", "-"): value for name, value in headers.items()})


def purge(asked: Service, wiring: WiredService) -> None:
    asked.run(wiring.caches.purge_here())


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_tag_from_before_a_purge_gets_the_answer(asked: Service, wiring: WiredService, method: str) -> None:
    kept = [get(asked).headers["etag"]]
    for _ in range(2):
        purge(asked, wiring)

        assert [get(asked, method, if_none_match=tag).status for tag in kept] == [200] * len(kept)
        kept.append(get(asked).headers["etag"])

    assert len(set(kept)) == 3
    assert get(asked, method, if_none_match=kept[-1]).status == 304


def test_a_miss_a_hit_and_head_after_a_purge_have_one_tag(asked: Service, wiring: WiredService) -> None:
    purge(asked, wiring)

    replies = [get(asked), get(asked), get(asked, "HEAD"), get(asked, if_none_match="*")]

    assert len({reply.headers["etag"] for reply in replies}) == 1
    assert [reply.status for reply in replies] == [200, 200, 200, 304]


def test_what_the_model_began_before_a_purge_is_answered_without_a_tag(
    asked: Service, wiring: WiredService, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asked.run(_loop())
    model = asked.predict.predictor
    quick = model.predict

    def purged_meanwhile(batch: Batch) -> Predictions | EncodedPredictions:
        asyncio.run_coroutine_threadsafe(wiring.caches.purge_here(), loop).result()
        return quick(batch)

    monkeypatch.setattr(model, "predict", purged_meanwhile)
    begun_before = get(asked)
    monkeypatch.undo()

    assert (begun_before.status, "etag" in begun_before.headers) == (200, False)
    assert "etag" in get(asked).headers


def test_a_reload_of_the_same_model_does_not_bring_old_tags_back(wiring: WiredService) -> None:
    with service(wiring) as before:
        kept = get(before).headers["etag"]
        purge(before, wiring)
        reloaded = rewire(wiring, wiring.settings, wiring.predictor)

        with service(reloaded) as after:
            assert get(after, if_none_match=kept).status == 200


async def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()
