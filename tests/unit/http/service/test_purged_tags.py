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
from support.in_process_service import Reply, Service, service, wired_around

QUERY = b"length=1&width=2"


@pytest.fixture
def wiring() -> WiredService:
    return wired_around(FakePredictor(), cache="lru")


@pytest.fixture(params=["ordinary", "hot"])
def client(request: pytest.FixtureRequest, wiring: WiredService) -> Iterator[Service]:
    """The service as it is, and behind the hot path."""
    with service(wiring) as ordinary:
        hot = HotPath(ordinary.app, ordinary.predict, max_body=2**20, max_rows=100)
        yield ordinary if request.param == "ordinary" else ordinary.behind(hot)


def get(client: Service, method: str = "GET", **headers: str) -> Reply:
    return client.send(method, query=QUERY, headers={name.replace("_", "-"): value for name, value in headers.items()})


def purge(client: Service, wiring: WiredService) -> None:
    client.run(wiring.caches.purge_here())


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_tag_from_before_a_purge_gets_the_answer(client: Service, wiring: WiredService, method: str) -> None:
    kept = [get(client).headers["etag"]]
    for _ in range(2):
        purge(client, wiring)

        assert [get(client, method, if_none_match=tag).status for tag in kept] == [200] * len(kept)
        kept.append(get(client).headers["etag"])

    assert len(set(kept)) == 3
    assert get(client, method, if_none_match=kept[-1]).status == 304


def test_miss_hit_and_head_share_a_tag_after_purging(client: Service, wiring: WiredService) -> None:
    purge(client, wiring)

    replies = [get(client), get(client), get(client, "HEAD"), get(client, if_none_match="*")]

    assert len({reply.headers["etag"] for reply in replies}) == 1
    assert [reply.status for reply in replies] == [200, 200, 200, 304]


def test_a_computation_begun_before_a_purge_gets_no_tag(
    client: Service, wiring: WiredService, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = client.run(_loop())
    model = client.predict.predictor
    quick = model.predict

    def purged_meanwhile(batch: Batch) -> Predictions | EncodedPredictions:
        asyncio.run_coroutine_threadsafe(wiring.caches.purge_here(), loop).result()
        return quick(batch)

    monkeypatch.setattr(model, "predict", purged_meanwhile)
    begun_before = get(client)
    monkeypatch.undo()

    assert (begun_before.status, "etag" in begun_before.headers) == (200, False)
    assert "etag" in get(client).headers


def test_reloading_the_same_model_restores_no_old_tags(wiring: WiredService) -> None:
    with service(wiring) as before:
        kept = get(before).headers["etag"]
        purge(before, wiring)
        reloaded = rewire(wiring, wiring.settings, wiring.predictor)

        with service(reloaded) as after:
            assert get(after, if_none_match=kept).status == 200


async def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()
