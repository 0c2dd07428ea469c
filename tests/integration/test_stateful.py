"""Two replicas and one shared Redis, in any order of requests, purges, new models, faults and time passing.

Every answer is the current model's own, byte for byte, nothing raises, and in the end nothing is left.
"""

import asyncio
import shutil
import signal
from collections import Counter
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from sklearn.linear_model import LogisticRegression

from foreseen.adapters.cache.wrappers.write_behind import WriteBehindCache
from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.entrypoints.http.service.assembly import create_front
from foreseen.wiring.service import Service as WiredService
from support.event_loop_steps import until
from support.example_counts import examples
from support.faulty_redis_servers import Gate
from support.in_process_replica import replica
from support.in_process_service import wired_around
from support.models import IRIS_NAMES, batch_of, iris_frame, save
from support.time_limits import PATIENCE_S

TTL_S: Final = 0.1
ROWS: Final = [[5.1, 3.5, 1.4, 0.2], [6.3, 3.3, 6.0, 2.5], *([0.5 * n, 1.0, 2.0, -0.0] for n in range(6))]
OUTPUTS: Final = ("predict", "predict_proba")
DIRECTIVES: Final = ("", "", "no-cache", "no-store", "max-age=0", "only-if-cached", "no-cache, no-store")

seen: Counter[str] = Counter()
"""How the answers came about, over all examples: else the property might hold of nothing."""


def contrary_models() -> list[LogisticRegression]:
    """Train models of the same features whose coefficients differ."""
    frame, _ = iris_frame()
    random = np.random.default_rng(5)
    return [LogisticRegression(max_iter=1000).fit(frame, random.integers(0, 3, len(frame))) for _ in range(3)]


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


class Deployed:
    """A model, its file, and what it says to each of ROWS."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.predictor = load_predictor(path, outputs=OUTPUTS)
        self.answers = self.predictor.predict(batch_of(self.predictor.info.signature, ROWS)).encode().bodies

    def expected(self, rows: list[int], *, is_many: bool) -> bytes:
        """Return the reply to a request for some of them."""
        bodies = [self.answers[row] for row in rows]
        return b'{"predictions":[' + b",".join(bodies) + b"]}" if is_many else bodies[0]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[Deployed]:
    folder = tmp_path_factory.mktemp("stateful")
    paths = [save(model, folder, f"{number}.joblib") for number, model in enumerate(contrary_models())]
    return [Deployed(path) for path in paths]


WHICH = st.integers(0, 1)
SOME = st.lists(st.integers(0, len(ROWS) - 1), min_size=1, max_size=5)
DIRECTIVE = st.sampled_from(DIRECTIVES)


class Replicas(RuleBasedStateMachine):
    """The machine; a test gives it a server and models."""

    def __init__(self, url: str, models: list[Deployed], **given: Any) -> None:
        super().__init__()
        self.given = {"ttl": TTL_S, **given}
        self.signals = {signum: signal.getsignal(signum) for signum in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)}
        self.url = url
        self.models = models
        self.descriptors = open_files()
        self.runner = asyncio.Runner()
        self.gate = Gate(url)
        self.runner.run(self.gate.open())
        self.is_whole, self.is_cut = True, False
        self.stacks = [AsyncExitStack(), AsyncExitStack()]
        self.clients: list[Any] = [None, None]
        self.wirings: dict[int, WiredService] = {}
        self.deployed = [models[0], models[0]]
        self.options: list[dict[str, Any]] = [{}, {}]

    @initialize(
        caches=st.tuples(*[st.sampled_from(["tiered", "tiered", "redis", "lru"])] * 2),
        when=st.sampled_from(["always", "adaptive"]),
        lease_min_cost=st.sampled_from([1e-9, 0.05]),
    )
    def start(self, caches: tuple[str, str], when: str, lease_min_cost: float) -> None:
        shared = {"name": "flowers", "lru_max_entries": 4, "redis_lookups": when, **self.given}
        shared |= {"redis_url": self.gate.url, "lease_min_cost": lease_min_cost, "lease": 0.2}
        for which, cache in enumerate(caches):
            here = {"model": self._place(which), "model_isolation": "thread", "outputs": OUTPUTS}
            self.options[which] = {**shared, **here, "cache": cache}
            self._start(which)

    @rule(which=WHICH, row=SOME, directive=DIRECTIVE, by_get=st.booleans())
    def predict_one(self, which: int, row: list[int], directive: str, by_get: bool) -> None:
        flower = dict(zip(IRIS_NAMES, ROWS[row[0]], strict=True))
        sent: dict[str, Any] = {"method": "GET", "params": flower} if by_get else {"method": "POST", "json": flower}
        self._ask([which], sent, directive, row[:1], is_many=False)

    @rule(which=WHICH, rows=SOME, directive=DIRECTIVE)
    def predict_many(self, which: int, rows: list[int], directive: str) -> None:
        sent = {"method": "POST", "json": {"instances": [ROWS[row] for row in rows]}}
        self._ask([which], sent, directive, rows, is_many=True)

    @rule(rows=SOME, times=st.integers(1, 3))
    def predict_the_same_everywhere_at_once(self, rows: list[int], times: int) -> None:
        sent = {"method": "POST", "json": {"instances": [ROWS[row] for row in rows]}}
        self._ask([0, 1] * times, sent, "", rows, is_many=True)

    @precondition(lambda self: self.is_whole or self.is_cut)
    @rule(which=WHICH)
    def purge(self, which: int) -> None:
        answer = self.runner.run(self.clients[which].post("/admin/purge"))

        assert answer.status_code in (200, 503)
        seen[f"purged {answer.status_code}"] += 1

    # A replica that starts waits for a frozen Redis two seconds long, and starts: too long to be done often.
    @precondition(lambda self: self.is_whole or self.is_cut)
    @rule(which=WHICH, number=st.integers(0, 2))
    def deploy(self, which: int, number: int) -> None:
        self.deployed[which] = self.models[number]
        self.runner.run(self.stacks[which].aclose())
        self._start(which)

    @rule(which=WHICH, number=st.integers(0, 2), rows=SOME)
    def reload_while_asked(self, which: int, number: int, rows: list[int]) -> None:
        before, after = self.deployed[which], self.models[number]
        self._put(which, after)
        sent = {"method": "POST", "json": {"instances": [ROWS[row] for row in rows]}}
        client = self.clients[which]
        asked = [client.request(url="/predict", **sent) for _ in range(3)]

        reloaded, *replies = self.runner.run(_all([client.post("/admin/reload"), *asked]))

        assert (reloaded.status_code, reloaded.json()["fingerprint"]) == (200, after.predictor.info.fingerprint.hex())
        allowed = {each.expected(rows, is_many=True) for each in (before, after)}
        assert all(reply.status_code == 200 and reply.content in allowed for reply in replies)
        self.deployed[which] = after
        seen["reloaded" if after is not before else "unchanged"] += 1

    @precondition(lambda self: self.is_whole)
    @rule()
    def freeze(self) -> None:
        self.gate.freeze()
        self.is_whole = False

    @precondition(lambda self: self.is_whole)
    @rule()
    def cut(self) -> None:
        self.runner.run(self.gate.cut())
        self.is_whole, self.is_cut = False, True

    @precondition(lambda self: not self.is_whole)
    @rule()
    def heal(self) -> None:
        self.runner.run(self._heal())

    @rule()
    def let_everything_expire(self) -> None:
        self.runner.run(asyncio.sleep(TTL_S * 1.2))

    def teardown(self) -> None:
        self.runner.run(self._end())
        self.runner.close()
        for signum, handler in self.signals.items():
            signal.signal(signum, handler)
        assert open_files() <= self.descriptors

    def _ask(self, which: list[int], sent: dict[str, Any], directive: str, rows: list[int], *, is_many: bool) -> None:
        headers = {"cache-control": directive} if directive else {}
        asked = [self.clients[number].request(url="/predict", headers=headers, **sent) for number in which]
        for number, reply in zip(which, self.runner.run(_all(asked)), strict=True):
            assert isinstance(reply, httpx.Response)
            seen[reply.headers["cache-status"].partition(";")[2].partition('"')[0]] += 1
            if reply.status_code == 504:
                assert directive == "only-if-cached"
            else:
                assert reply.status_code == 200
                assert reply.content == self.deployed[number].expected(rows, is_many=is_many)

    def _start(self, which: int) -> None:
        self._put(which, self.deployed[which])
        wiring = wired_around(self.deployed[which].predictor, **self.options[which])
        for write_behind in _writing_behind([wiring]):
            write_behind.flush_s = 0.1  # also while Redis is frozen
        self.wirings[which] = wiring
        front = create_front(wiring)
        self.clients[which] = self.runner.run(self.stacks[which].enter_async_context(replica(front)))

    def _put(self, which: int, model: Deployed) -> None:
        """Put a model where a replica loads it from."""
        Path(shutil.copy(model.path, f"{self._place(which)}.new")).rename(self._place(which))

    def _place(self, which: int) -> Path:
        return self.models[0].path.with_name(f"replica-{which}.joblib")

    def write_all(self) -> None:
        """Wait until all that was put is in Redis."""
        self.runner.run(until(lambda: not any(map(len, _writing_behind(list(self.wirings.values()))))))

    async def _heal(self) -> None:
        if self.is_cut:
            await self.gate.open()
        self.gate.thaw()
        self.is_whole, self.is_cut = True, False

    async def _end(self) -> None:
        for stack in self.stacks:
            await stack.aclose()
        await self.gate.cut()
        for _ in range(5):
            await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}


def _writing_behind(wirings: list[WiredService]) -> list[WriteBehindCache]:
    """Return what writes to Redis after the answers, of those that have a shared cache."""
    tiers = [wiring.caches.l2 for wiring in wirings]
    return [tier.write_behind for tier in tiers if tier is not None and tier.write_behind is not None]


async def _all(asked: list[Awaitable[httpx.Response]]) -> list[httpx.Response]:
    return list(await asyncio.gather(*asked))


def go_through_what_must_be_seen(replicas: Replicas) -> None:
    """Have each way seen once, whatever the examples that follow come upon.

    Nothing expires meanwhile, and Redis is never too late.
    """
    try:
        replicas.start(caches=("tiered", "tiered"), when="always", lease_min_cost=0.05)
        for which in (0, 0, 1):
            replicas.predict_one(which=which, row=[0], directive="", by_get=False)
            replicas.write_all()
        replicas.reload_while_asked(which=0, number=1, rows=[0])
    finally:
        replicas.teardown()


def test_every_answer_is_the_current_models_own(redis_url: str, models: list[Deployed]) -> None:
    class Here(Replicas):
        def __init__(self) -> None:
            super().__init__(redis_url, models)

    go_through_what_must_be_seen(Replicas(redis_url, models, ttl=3600.0, redis_timeout=PATIENCE_S))
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=examples(8),
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

    assert {" hit; detail=L1", " hit; detail=L2", " fwd=miss; stored", "reloaded"} <= set(seen)
