"""The use case: the model computes only what no cache knows, and every instance gets its own answer."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

import pytest

from foreseen.adapters.cache.memory.lru import LruCache
from foreseen.adapters.cache.memory.no_cache import NoCache
from foreseen.adapters.cache.wrappers.tiered import TieredCache
from foreseen.domain.answer import Origin
from foreseen.domain.errors import InvalidBatchError, PredictionError, Violation
from foreseen.domain.identity.cache_control import Directives
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.identity.key import Key
from foreseen.domain.model.model_thread import ModelThread
from foreseen.domain.ports import Cache, Predictor
from foreseen.domain.predict import Predict
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.predictions import Predictions
from foreseen.wiring.use_cases import wire_predict
from support.event_loop_steps import settle
from support.fakes import FLOWER, Clock, DictCache, FakePredictor, info_of
from support.time_limits import PATIENCE_S
from support.wired_use_cases import wired_predict

Build = Callable[[Predictor, Cache], Predict]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def build(clock: Clock) -> AsyncIterator[Build]:
    thread = ModelThread()
    yield lambda predictor, cache: wired_predict(predictor, cache, thread, clock=clock)
    thread.close()


def flowers(*lengths: float) -> Batch:
    return Batch.of(FLOWER, {"length": lengths, "width": [0.5] * len(lengths)})


def body(length: float) -> bytes:
    return b'{"prediction":%s}' % repr(length + 0.5).encode()


def lru() -> LruCache:
    return LruCache(max_entries=100, max_bytes=2**20, lifetime=Lifetime(3600.0, jitter=0.0), clock=Clock())


async def test_every_instance_gets_its_own_answer_in_order(build: Build) -> None:
    predict = build(FakePredictor(), DictCache())

    answer = await predict(flowers(3, 1, 2))

    assert answer.bodies == [body(3), body(1), body(2)]
    assert answer.origins == (Origin.MODEL,) * 3


async def test_a_known_instance_never_reaches_the_model(build: Build) -> None:
    predictor = FakePredictor()
    predict = build(predictor, DictCache())
    first = await predict(flowers(1, 2))

    second = await predict(flowers(2, 1))

    assert predictor.calls == [2]
    assert second.entries == first.entries[::-1]


async def test_only_the_unknown_instances_of_a_batch_reach_the_model(build: Build) -> None:
    predictor = FakePredictor()
    predict = build(predictor, DictCache())
    await predict(flowers(1, 3))

    answer = await predict(flowers(0, 1, 2, 3, 4))

    assert predictor.calls == [2, 3]
    assert answer.bodies == [body(length) for length in range(5)]
    assert answer.origins == (Origin.MODEL, Origin.L2, Origin.MODEL, Origin.L2, Origin.MODEL)
    assert answer.counts == {Origin.L2: 2, Origin.MODEL: 3}


@pytest.mark.parametrize("cache", [DictCache, NoCache])
async def test_an_instance_repeated_in_a_batch_is_predicted_once(build: Build, cache: Callable[[], Cache]) -> None:
    predictor = FakePredictor()

    answer = await build(predictor, cache())(flowers(2, 1, 2, 2, 1, -0.0, 0.0))

    assert predictor.calls == [3]
    assert answer.bodies == [body(length) for length in (2, 1, 2, 2, 1, 0, 0)]


async def test_a_batch_is_one_lookup_with_each_key_once(build: Build) -> None:
    cache = DictCache()
    predict = build(FakePredictor(), cache)

    await predict(flowers(1, 2, 1, 3))

    assert cache.lookups == [3]


async def test_what_l1_has_is_not_looked_up(build: Build) -> None:
    near, far = lru(), DictCache()
    predict = build(FakePredictor(), TieredCache(near, far))
    await predict(flowers(1, 2))
    far.lookups.clear()

    both_known = await predict(flowers(2, 1))
    assert far.lookups == []
    one_known = await predict(flowers(2, 3))

    assert far.lookups == [1]
    assert both_known.origins == (Origin.L1, Origin.L1)
    assert one_known.origins == (Origin.L1, Origin.MODEL)


class CountedLru(LruCache):
    """Counts lookups, of one key or of many."""

    def __init__(self) -> None:
        super().__init__(max_entries=100, max_bytes=2**20, lifetime=Lifetime(3600.0, jitter=0.0), clock=Clock())
        self.lookups = 0

    def peek(self, key: Key) -> Entry | None:
        self.lookups += 1
        return super().peek(key)


@pytest.mark.parametrize("has_l2", [False, True], ids=["L1", "L1 and L2"])
async def test_a_miss_looks_a_key_up_in_l1_once(*, has_l2: bool) -> None:
    l1, thread = CountedLru(), ModelThread()
    tiered = TieredCache(l1, DictCache())
    cache, slower_tiers = (tiered, tiered.slower_tiers) if has_l2 else (l1, None)
    predict = wire_predict(FakePredictor(), cache, thread, slower_tiers=slower_tiers)

    for expected in (Origin.MODEL, Origin.L1):
        l1.lookups = 0
        assert (await predict(flowers(1, 2))).origins == (expected,) * 2
        assert l1.lookups == 2
    thread.close()


@pytest.mark.parametrize("has_l2", [False, True], ids=["L1", "L1 and L2"])
async def test_a_directed_miss_looks_a_key_up_in_l1_once(*, has_l2: bool) -> None:
    l1, thread = CountedLru(), ModelThread()
    tiered = TieredCache(l1, DictCache())
    cache, slower_tiers = (tiered, tiered.slower_tiers) if has_l2 else (l1, None)
    predict = wire_predict(FakePredictor(), cache, thread, slower_tiers=slower_tiers)

    await predict(flowers(1, 2), Directives(max_age_s=60))

    assert l1.lookups == 2
    thread.close()


async def test_an_l2_hit_is_promoted_to_l1() -> None:
    l1, l2, thread = CountedLru(), DictCache(), ModelThread()
    tiered = TieredCache(l1, l2)
    predict = wire_predict(FakePredictor(), tiered, thread, slower_tiers=tiered.slower_tiers)
    await predict(flowers(1))
    l1.clear()

    origins = [(await predict(flowers(1))).origins for _ in range(2)]

    assert origins == [(Origin.L2,), (Origin.L1,)]
    thread.close()


async def test_an_origin_is_the_tier_that_answered(build: Build) -> None:
    far = DictCache()
    await build(FakePredictor(), far)(flowers(1))
    predict = build(FakePredictor(), TieredCache(lru(), far))

    origins = [(await predict(flowers(1, 2))).origins for _ in range(2)]

    assert origins == [(Origin.L2, Origin.MODEL), (Origin.L1, Origin.L1)]


async def test_an_answer_is_stored_with_its_time_and_cost(build: Build, clock: Clock) -> None:
    cache = DictCache()
    clock.now = 1234.5

    answer = await build(FakePredictor(), cache)(flowers(1, 2))

    assert list(cache.entries.values()) == list(answer.entries)
    assert {entry.created_at_us for entry in answer.entries} == {1_234_500_000}
    assert all(0 <= entry.cost_us < 1_000_000 for entry in answer.entries)


async def test_the_bytes_of_a_hit_are_those_of_the_miss(build: Build) -> None:
    predict = build(FakePredictor(), lru())
    lengths = (0.1, 1e300, 5e-324, 123456789.123456789)

    computed = await predict(flowers(*lengths))
    cached = await predict(flowers(*lengths))

    assert cached.origins == (Origin.L1,) * 4
    assert cached.bodies == computed.bodies


@pytest.mark.parametrize(
    "error",
    [PredictionError("broken"), InvalidBatchError([Violation("this", "that")]), ZeroDivisionError("bug")],
    ids=repr,
)
async def test_nothing_of_a_failed_batch_is_stored(build: Build, error: Exception) -> None:
    predictor, cache = FakePredictor(), DictCache()
    predict = build(predictor, cache)
    predictor.error = error

    with pytest.raises(type(error)) as caught:
        await predict(flowers(1, 2))
    assert caught.value is error
    assert cache.entries == {}
    assert predict.tally.misses == predict.tally.model_calls == 0

    predictor.error = None
    assert (await predict(flowers(1, 2))).bodies == [body(1), body(2)]


class Miscounting(FakePredictor):
    """Answers with one prediction for any batch."""

    def predict(self, batch: Batch) -> Predictions:
        return Predictions({"prediction": [0.0]})


async def test_a_wrong_number_of_predictions_is_not_stored(build: Build) -> None:
    cache = DictCache()

    with pytest.raises(PredictionError, match="expected 3 predictions from the model, got 1"):
        await build(Miscounting(), cache)(flowers(1, 2, 3))
    assert cache.entries == {}


class Unspeakable(FakePredictor):
    """Answers with what JSON cannot hold."""

    def predict(self, batch: Batch) -> Predictions:
        return Predictions({"prediction": ["\ud800"] * len(batch)})


async def test_an_unsendable_answer_is_an_error_and_not_stored(build: Build) -> None:
    cache = DictCache()

    with pytest.raises(PredictionError):
        await build(Unspeakable(), cache)(flowers(1))
    assert cache.entries == {}


class Slow(FakePredictor):
    """Answers when it is let, and notes its thread."""

    def __init__(self) -> None:
        super().__init__()
        self.started, self.may_end = threading.Event(), threading.Event()
        self.thread = 0

    def predict(self, batch: Batch) -> Predictions:
        self.thread = threading.get_ident()
        self.started.set()
        assert self.may_end.wait(PATIENCE_S)
        return super().predict(batch)


async def test_the_event_loop_runs_while_the_model_computes(build: Build) -> None:
    """Were the model run on the loop, nothing would ever let it end."""
    predictor = Slow()
    predicting = asyncio.create_task(build(predictor, lru())(flowers(1)))
    await asyncio.to_thread(predictor.started.wait, 60)

    turns = 0
    for _ in range(1000):
        await asyncio.sleep(0)
        turns += 1
    was_done = predicting.done()
    predictor.may_end.set()

    assert (await predicting).bodies == [body(1)]
    assert (turns, was_done) == (1000, False)
    assert predictor.thread != threading.get_ident()


async def test_hits_are_answered_while_the_model_computes(build: Build) -> None:
    predictor = Slow()
    predictor.may_end.set()
    predict = build(predictor, lru())
    await predict(flowers(1))
    predictor.may_end.clear()
    predictor.started.clear()
    predicting = asyncio.create_task(predict(flowers(2)))
    await asyncio.to_thread(predictor.started.wait, 60)

    hit = await predict(flowers(1))
    was_done = predicting.done()
    predictor.may_end.set()
    await predicting

    assert hit.origins == (Origin.L1,)
    assert not was_done


async def test_the_tally_counts_instances_by_where_their_answer_came_from(build: Build) -> None:
    far = DictCache()
    await build(FakePredictor(), far)(flowers(1))
    predict = build(FakePredictor(), TieredCache(lru(), far))

    await predict(flowers(1, 2, 2, 3))
    await predict(flowers(1, 2))

    tally = predict.tally
    assert (tally.hits_l1, tally.hits_l2, tally.misses) == (2, 1, 3)
    assert (tally.model_calls, tally.model_rows) == (1, 2)
    assert tally.model_seconds > 0
    assert tally.hit_ratio == 0.5


async def test_a_new_model_never_answers_with_an_old_ones_prediction(build: Build) -> None:
    cache, old, new = DictCache(), FakePredictor(), FakePredictor()
    new.info = info_of(fingerprint=b"g" * 16)
    await build(old, cache)(flowers(1))

    answer = await build(new, cache)(flowers(1))

    assert answer.origins == (Origin.MODEL,)
    assert new.calls == [1]


async def test_a_promise_of_the_cache_is_enough(build: Build) -> None:
    """A cache that returns more than was looked up changes no answer."""

    class Talkative(DictCache):
        async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:
            return dict(self.entries)

        async def put_many(self, entries: Mapping[Key, Entry]) -> None:
            self.entries |= entries

    predict = build(FakePredictor(), Talkative())
    await predict(flowers(1, 2, 3))

    assert (await predict(flowers(2))).bodies == [body(2)]


class Held(FakePredictor):
    """Answers when it is let to."""

    def __init__(self) -> None:
        super().__init__()
        self.began = threading.Event()
        self.free = threading.Event()

    def predict(self, batch: Batch) -> Predictions:
        self.began.set()
        assert self.free.wait(PATIENCE_S)
        return super().predict(batch)


@pytest.mark.parametrize("cache", [DictCache, NoCache])
async def test_a_thousand_requests_for_one_new_input_cost_one_row(build: Build, cache: Callable[[], Cache]) -> None:
    predictor = Held()
    predict = build(predictor, cache())
    asking = [asyncio.create_task(predict(flowers(1))) for _ in range(1000)]
    await asyncio.to_thread(predictor.began.wait, 60)
    predictor.free.set()
    answers = await asyncio.gather(*asking)

    assert predictor.calls == [1]
    assert {tuple(answer.bodies) for answer in answers} == {(body(1),)}
    assert [answer.origins for answer in answers] == [(Origin.MODEL,)] + [(Origin.COALESCED,)] * 999
    assert (predict.tally.misses, predict.tally.coalesced) == (1, 999)


async def test_inputs_during_a_model_call_share_the_next(build: Build) -> None:
    predictor = Held()
    predict = build(predictor, DictCache())
    asking = [asyncio.create_task(predict(flowers(0)))]
    await asyncio.to_thread(predictor.began.wait, 60)
    asking += [asyncio.create_task(predict(flowers(length, length + 1))) for length in range(1, 60)]
    await settle()
    assert predict.waiting == 60
    predictor.free.set()
    answers = await asyncio.gather(*asking)

    assert predictor.calls == [1, 60]
    assert [answer.bodies for answer in answers[1:]] == [[body(length), body(length + 1)] for length in range(1, 60)]


async def test_a_failure_reaches_every_coalesced_request_and_is_not_stored(build: Build) -> None:
    predictor, cache = Held(), DictCache()
    predict = build(predictor, cache)
    predictor.error = PredictionError("broken")
    asking = [asyncio.create_task(predict(flowers(1))) for _ in range(3)]
    await asyncio.to_thread(predictor.began.wait, 60)
    predictor.free.set()
    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    predictor.error = None

    assert [str(outcome) for outcome in outcomes] == ["broken"] * 3
    assert cache.entries == {}
    assert (await predict(flowers(1))).bodies == [body(1)]
