"""Replicas share one Redis: what one has computed the others know, and no model answers for another."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from sklearn.tree import DecisionTreeClassifier

from foreseen.settings import Settings
from support.in_process_service import Service, service, wired_from
from support.models import IRIS_NAMES, iris_frame, save
from support.processes import Served, served

ROWS = [[5.1, 3.5, 1.4, 0.2], [6.3, 3.3, 6.0, 2.5], [6.1, 2.8, 4.7, 1.2]]
FLOWERS = [dict(zip(IRIS_NAMES, row, strict=True)) for row in ROWS]
PATIENT = ("--redis-timeout", "60s")
"""So that a busy machine does not make a hit a miss."""


def answers(running: Served) -> list[bytes]:
    return [running.get("/predict", **flower).content for flower in FLOWERS]


def statuses(running: Served) -> list[str]:
    return [running.get("/predict", **flower).headers["cache-status"] for flower in FLOWERS]


@pytest.fixture
def contrary(tmp_path: Path) -> Path:
    """A model that says 2 to everything, under the name of the other's file."""
    frame, target = iris_frame()
    return save(DecisionTreeClassifier().fit(frame, [2] * len(target)), tmp_path)


class TestProcesses:
    def test_replicas_hit_each_others_entries_with_equal_bytes(self, iris_model: Path, redis_url: str) -> None:
        shared = (iris_model, "--outputs", "predict,predict_proba", "--redis-url", redis_url, *PATIENT)
        with (
            served(*shared, "--cache", "tiered", is_fresh=True) as one,
            served(*shared, "--cache", "redis") as other,
        ):
            computed = answers(one)

            assert statuses(other) == ["foreseen; hit; detail=L2"] * 3
            assert answers(other) == computed
            batch = other.post({"instances": ROWS})
            assert batch.content == b'{"predictions":[' + b",".join(computed) + b"]}"
            assert "foreseen_model_calls_total 0.0" in other.get("/metrics").text
            assert statuses(one) == ["foreseen; hit; detail=L1"] * 3

    def test_a_restarted_replica_hits_and_a_new_model_does_not(
        self, iris_model: Path, contrary: Path, redis_url: str
    ) -> None:
        tiered = ("--cache", "tiered", "--redis-url", redis_url, "--name", "flowers", *PATIENT)
        with served(iris_model, *tiered) as before:
            said = answers(before)

        with served(contrary, *tiered) as deployed:
            assert answers(deployed) == [b'{"prediction":"2"}'] * 3

        with served(iris_model, *tiered) as after:
            assert statuses(after) == ["foreseen; hit; detail=L2"] * 3
            assert answers(after) == said
            assert statuses(after) == ["foreseen; hit; detail=L1"] * 3


def entries(client: Any) -> list[bytes]:
    """Return the keys of the entries in Redis."""
    return [name for name in client.keys("foreseen:*") if b":lease:" not in name]


class TestInProcess:
    @pytest.fixture
    def settings(self, iris_model: Path, redis_url: str) -> Settings:
        return Settings(
            model=iris_model,
            model_isolation="thread",
            cache="tiered",
            redis_url=redis_url,
            redis_timeout=10.0,
            # A busy machine may make the model so slow that one takes a lease; their event loops run by turns.
            lease_min_cost=3600.0,
        )

    @pytest.fixture
    def known(self, settings: Settings, redis_url: str) -> Iterator[Service]:
        """A replica that has answered for the first flower, and written that to L2."""
        with redis.Redis.from_url(redis_url) as client, service(wired_from(settings)) as asked:
            asked.get(**FLOWERS[0])
            while not entries(client):  # written after the answer, on the service's event loop
                asked.get("/livez")
            yield asked

    def test_a_batch_may_come_from_everywhere(self, known: Service, settings: Settings) -> None:
        with service(wired_from(settings)) as other:
            other.get(**FLOWERS[1])
            reply = other.post({"instances": FLOWERS})

        assert reply.cache_status == 'foreseen; fwd=partial; stored; detail="L1=1 L2=1 model=1"'
        assert reply.body == b'{"predictions":[{"prediction":"0"},{"prediction":"2"},{"prediction":"1"}]}'

    def test_a_batch_known_to_both_tiers_hits_both(self, known: Service, settings: Settings) -> None:
        with service(wired_from(settings)) as other:
            other.get(**FLOWERS[1])

            assert other.post({"instances": FLOWERS[:2]}).cache_status == 'foreseen; hit; detail="L1=1 L2=1"'

    def test_a_tampered_entry_is_computed_again(self, known: Service, settings: Settings, redis_url: str) -> None:
        with redis.Redis.from_url(redis_url) as client:
            [key] = entries(client)
            client.set(key, client.get(key).replace(b'"0"', b'"2"'))

        with service(wired_from(settings)) as other:
            reply = other.get(**FLOWERS[0])

        assert (reply.body, reply.cache_status) == (b'{"prediction":"0"}', "foreseen; fwd=miss; stored")

    def test_entries_of_another_secret_are_not_served(self, known: Service, settings: Settings) -> None:
        with service(wired_from(Settings(**{**dict(settings), "redis_secret": "ours"}))) as other:
            assert other.get(**FLOWERS[0]).cache_status == "foreseen; fwd=miss; stored"

    def test_other_outputs_of_the_same_model_are_other_predictions(self, known: Service, settings: Settings) -> None:
        with service(wired_from(Settings(**{**dict(settings), "outputs": ("predict_proba",)}))) as other:
            reply = other.get(**FLOWERS[0])

        assert list(reply.json()) == ["probabilities"]
        assert reply.cache_status == "foreseen; fwd=miss; stored"

    def test_metrics_count_hits_by_tier(self, known: Service, settings: Settings) -> None:
        with service(wired_from(settings)) as other:
            for _ in range(3):
                other.get(**FLOWERS[0])
            text = other.get("/metrics").body.decode()

        assert 'foreseen_hits_total{tier="L2"} 1.0' in text
        assert 'foreseen_hits_total{tier="L1"} 2.0' in text
        assert "foreseen_misses_total 0.0" in text
