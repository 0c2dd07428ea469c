"""L1 stores every prediction while they are found again, and one in seventeen while they are not."""

import logging
import re
from collections.abc import Iterator, Sequence
from itertools import chain, count, cycle, islice

import pytest

from foreseen.adapters.cache.adaptive.adaptive_l1 import FIRST_PROBES, LOGGED_EVERY_S, ONE_IN, AdaptiveL1
from foreseen.adapters.cache.memory.lru import LruCache
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.identity.key import Key
from foreseen.domain.payoff.payoff_decision import FIRST_KEYS
from support.fakes import Clock

CHEAP_US, DEAR_US = 10, 1000
MADE_US = int(Clock()() * 1e6)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(clock: Clock) -> AdaptiveL1:
    lru = LruCache(max_entries=100_000, max_bytes=2**30, lifetime=Lifetime(10**6), clock=clock)
    return AdaptiveL1(lru, clock=clock)


def keys(number: int, start: int = 0) -> list[Key]:
    return [Key(b"n" * 16 + place.to_bytes(4, "little")) for place in range(start, start + number)]


def new_keys() -> Iterator[Key]:
    return (key for start in count(1_000_000, 1000) for key in keys(1000, start))


async def answer(cache: AdaptiveL1, wanted: Sequence[Key], cost_us: int = CHEAP_US) -> int:
    """Answer requests of one instance each, as a service does; return how many were hits."""
    hits = 0
    for key in wanted:
        if cache.peek(key) is None:
            await cache.put_many({key: Entry(key[16:], MADE_US, cost_us)})
        else:
            hits += 1
    return hits


async def put_aside(cache: AdaptiveL1) -> None:
    """Have new instances predicted by a cheap model until they are not stored any more."""
    await answer(cache, keys(FIRST_KEYS, start=500_000))
    assert not cache.keeps


class TestSteppingAside:
    async def test_the_first_predictions_are_all_stored(self, cache: AdaptiveL1) -> None:
        await answer(cache, keys(FIRST_KEYS - 1))

        assert (cache.keeps, cache.store_share, cache.entries) == (True, 1, FIRST_KEYS - 1)

    async def test_cheap_predictions_that_never_repeat_are_hardly_stored(self, cache: AdaptiveL1) -> None:
        await put_aside(cache)
        await answer(cache, keys(ONE_IN * 1000))

        assert (cache.keeps, cache.store_share) == (False, 1 / ONE_IN)
        assert cache.entries == FIRST_KEYS + 1000

    async def test_dear_predictions_are_stored_without_any_hit(self, cache: AdaptiveL1) -> None:
        await answer(cache, keys(20_000), DEAR_US)

        assert (cache.keeps, cache.entries) == (True, 20_000)

    async def test_cheap_predictions_that_repeat_are_stored(self, cache: AdaptiveL1) -> None:
        """One in ten is asked for once more, which spares 40 µs: 4 for each that is stored, and storing costs 2."""
        for start in range(0, 20_000, 10):
            await answer(cache, [*keys(10, start), *keys(1, start)])

        assert (cache.keeps, cache.entries) == (True, 20_000)

    async def test_frequent_instances_do_not_make_new_ones_be_stored(self, cache: AdaptiveL1) -> None:
        """Half of the requests hit, and all of what is stored beside these is never found."""
        frequent, new = cycle(keys(100)), new_keys()
        for _ in range(FIRST_KEYS + 500):
            await answer(cache, [next(frequent), next(new)])

        assert not cache.keeps
        assert await answer(cache, keys(100)) == 100

    async def test_entries_that_are_held_go_on_being_found(self, cache: AdaptiveL1) -> None:
        await answer(cache, keys(10))
        await put_aside(cache)

        assert await answer(cache, keys(10) * 5) == 50
        assert not cache.keeps

    async def test_a_few_slow_calls_do_not_make_a_model_dear(self, cache: AdaptiveL1) -> None:
        """Each tenth call was interrupted, and took a hundred times as long."""
        for start in range(0, FIRST_KEYS, 10):
            await answer(cache, keys(9, start))
            await answer(cache, keys(1, start + 9), 100 * CHEAP_US)

        assert not cache.keeps


class TestComingBack:
    @pytest.mark.parametrize(("repeating", "at_most"), [(1, ONE_IN), (100, 800), (256, 800), (2000, 2200)])
    async def test_repeats_that_begin_are_soon_stored(self, cache: AdaptiveL1, repeating: int, at_most: int) -> None:
        """One frequent instance is found at once; of more, as soon as enough probes were."""
        await put_aside(cache)
        wanted, requests = cycle(keys(repeating)), 0
        while not cache.keeps and requests < at_most:
            await answer(cache, [next(wanted)])
            requests += 1

        assert cache.keeps or repeating == 1
        assert await answer(cache, list(islice(wanted, 3 * repeating))) >= 2 * repeating

    async def test_repeats_among_many_new_instances_are_noticed(self, cache: AdaptiveL1) -> None:
        """A quarter of the requests is for instances that return after a thousand others."""
        await put_aside(cache)
        repeating, new, requests = cycle(keys(250)), new_keys(), 0
        while not cache.keeps and requests < 8000:
            await answer(cache, [next(repeating), *islice(new, 3)])
            requests += 4

        assert cache.keeps

    async def test_hits_on_earlier_entries_do_not_make_it_store(self, cache: AdaptiveL1) -> None:
        """They say nothing of what would be stored now."""
        await put_aside(cache)
        earlier, new = keys(FIRST_KEYS, start=500_000), new_keys()
        await answer(cache, list(chain.from_iterable(zip(earlier, islice(new, FIRST_KEYS), strict=True))))

        assert not cache.keeps

    async def test_a_model_that_becomes_dear_has_all_stored(self, cache: AdaptiveL1) -> None:
        await put_aside(cache)
        await answer(cache, keys(ONE_IN * FIRST_PROBES), DEAR_US)

        assert cache.keeps

    async def test_another_model_has_all_stored_at_first(self, cache: AdaptiveL1) -> None:
        await put_aside(cache)
        cache.judge_again()
        await answer(cache, keys(FIRST_KEYS - 1))

        assert (cache.keeps, cache.entries) == (True, 2 * FIRST_KEYS - 1)

    async def test_a_share_of_repeats_at_the_limit_changes_it_seldom(self, cache: AdaptiveL1) -> None:
        changes, before, new = 0, True, new_keys()
        for start in range(0, 40_000, 27):
            await answer(cache, [*islice(new, 26), *keys(1, start), *keys(1, start)])
            changes += cache.keeps is not before
            before = cache.keeps

        assert changes <= 20


class TestProbes:
    async def test_every_place_of_large_requests_is_probed(self, cache: AdaptiveL1) -> None:
        await put_aside(cache)
        probed: set[int] = set()
        for start in range(0, 32 * ONE_IN, 32):
            group = keys(32, start)
            await cache.put_many({key: Entry(b"1", MADE_US, CHEAP_US) for key in group})
            probed |= {place for place, key in enumerate(group) if cache.peek(key) is not None}

        assert probed == set(range(32))

    async def test_a_prediction_computed_again_replaces_the_one_held(self, cache: AdaptiveL1) -> None:
        [key] = keys(1)
        await answer(cache, [key])
        await put_aside(cache)
        await cache.put_many({key: Entry(b"newer", MADE_US + 5, CHEAP_US)})

        assert cache.peek(key) == Entry(b"newer", MADE_US + 5, CHEAP_US)

    async def test_clearing_it_empties_what_it_wraps(self, cache: AdaptiveL1) -> None:
        await answer(cache, keys(10))

        assert cache.clear() == 10
        assert (cache.entries, cache.size_bytes) == (0, 0)
        assert await cache.get_many(keys(10)) == {}


class TestLogging:
    async def test_a_change_is_logged_with_its_reasons(
        self, cache: AdaptiveL1, clock: Clock, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.INFO):
            await put_aside(cache)
            clock.pass_s(LOGGED_EVERY_S)
            await answer(cache, keys(100) * 10)

        first, then = [record.getMessage() for record in caplog.records]
        figures = r"of those stored were found again, which saves [\d.]+ µs each, and storing costs 2.0"
        assert re.fullmatch(rf"L1 stores one prediction in 17 only: 0.0% {figures}", first)
        assert re.fullmatch(rf"L1 stores every prediction again: [1-9]\d.\d% {figures}", then)

    async def test_a_change_within_a_minute_is_logged_later(
        self, cache: AdaptiveL1, clock: Clock, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.INFO):
            await put_aside(cache)
            await answer(cache, keys(100) * 10)
            assert (cache.keeps, len(caplog.records)) == (True, 1)
            clock.pass_s(LOGGED_EVERY_S)
            await answer(cache, keys(64, start=100))

        assert len(caplog.records) == 2
