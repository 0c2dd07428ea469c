"""L2 is looked up while that pays, and for a sample while it does not; what it answers is what is there."""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreseen.adapters.cache.adaptive.adaptive_cache import FIRST_SAMPLED, LOGGED_EVERY_S, AdaptiveCache
from foreseen.adapters.cache.adaptive.sampled_keys import AT_ONCE, ONE_IN, sampled
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key
from foreseen.domain.payoff.payoff_decision import FIRST_KEYS
from support.event_loop_steps import settle
from support.example_counts import examples
from support.fakes import Clock, DictCache

GROUP = 8
"""Keys of a call: a lookup costs 8.5 µs a key then, and a write 9.5."""
CHEAP_US, DEAR_US = 20, 5000


class Tier(DictCache):
    """A guarded tier that notes which keys were looked up, and when it is opened and closed."""

    def __init__(self) -> None:
        super().__init__()
        self.is_in_use = True
        self.looked_up: list[Key] = []
        self.notes: list[str] = []

    async def __aenter__(self) -> "Tier":
        self.notes.append("opened")
        return self

    async def __aexit__(self, *_: object) -> None:
        self.notes.append(f"closed with {len(self.entries)} entries")

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        if not self.is_in_use:
            return {}
        self.looked_up += keys
        return await super().get_many(keys)

    async def put_many(self, entries: Mapping[Key, Entry]) -> None:
        if self.is_in_use:
            await super().put_many(entries)


@pytest.fixture
def tier() -> Tier:
    return Tier()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(tier: Tier, clock: Clock) -> AdaptiveCache:
    return AdaptiveCache(tier, clock=clock)


def keys(number: int, start: int = 0) -> list[Key]:
    return [Key(b"n" * 16 + place.to_bytes(4, "little")) for place in range(start, start + number)]


def computed(wanted: Sequence[Key], cost_us: int) -> dict[Key, Entry]:
    return {key: Entry(key[16:], 1, cost_us) for key in wanted}


async def answer(cache: AdaptiveCache, wanted: Sequence[Key], cost_us: int, *, at_once: int = GROUP) -> int:
    """Look up keys as a service does: misses are computed and stored. Return how many were found."""
    found = 0
    for start in range(0, len(wanted), at_once):
        group = wanted[start : start + at_once]
        known = await cache.get_many(group)
        if missed := [key for key in group if key not in known]:
            await cache.put_many(computed(missed, cost_us))
        found += len(known)
        await settle(2)
    return found


async def put_aside(cache: AdaptiveCache, cost_us: int = CHEAP_US) -> None:
    """Look up new keys until it is disabled."""
    await answer(cache, keys(FIRST_KEYS, start=1_000_000), cost_us)
    assert not cache.looks_up_all


class TestDisables:
    async def test_the_first_keys_are_all_looked_up_and_written(self, cache: AdaptiveCache, tier: Tier) -> None:
        new = keys(FIRST_KEYS - GROUP)
        await answer(cache, new, cost_us=0)

        assert (cache.looks_up_all, cache.lookup_share) == (True, 1)
        assert tier.looked_up == list(tier.entries) == new

    async def test_a_cheap_model_looks_up_a_sample_of_new_keys(self, cache: AdaptiveCache, tier: Tier) -> None:
        await answer(cache, keys(FIRST_KEYS), CHEAP_US)
        assert (cache.looks_up_all, cache.lookup_share) == (False, 1 / ONE_IN)

        await answer(cache, keys(20_000, start=FIRST_KEYS), CHEAP_US)

        later = sampled(keys(20_000, start=FIRST_KEYS))
        done = len(later) // AT_ONCE * AT_ONCE
        assert tier.looked_up == keys(FIRST_KEYS) + later[:done]

    async def test_keys_are_bypassed_and_sampled_without_waiting(self, cache: AdaptiveCache, tier: Tier) -> None:
        assert not cache.bypasses(keys(GROUP))
        await put_aside(cache)
        tier.looked_up.clear()
        new = keys(ONE_IN * AT_ONCE * 2)

        assert cache.bypasses(new)
        await settle(2)
        assert tier.looked_up == sampled(new)

    async def test_another_model_has_all_keys_looked_up_at_first(self, cache: AdaptiveCache, tier: Tier) -> None:
        await put_aside(cache)
        cache.judge_again()
        tier.looked_up.clear()
        new = keys(FIRST_KEYS - GROUP)
        await answer(cache, new, CHEAP_US)

        assert (cache.looks_up_all, tier.looked_up) == (True, new)

    async def test_a_costly_model_is_looked_up_even_without_hits(self, cache: AdaptiveCache, tier: Tier) -> None:
        await answer(cache, keys(20_000), DEAR_US)

        assert cache.looks_up_all
        assert len(tier.looked_up) == len(tier.entries) == 20_000

    @pytest.mark.parametrize(("hits_of_eight", "stays"), [(0, False), (1, False), (2, True), (7, True)])
    async def test_savings_of_hits_are_compared_with_costs_of_lookups(
        self, cache: AdaptiveCache, tier: Tier, hits_of_eight: int, stays: bool
    ) -> None:
        """At 70 µs a hit: 1 in 8 saves 9 µs a key and costs 17, 2 in 8 save 18 and cost 16."""
        wanted = keys(8_000)
        tier.entries = computed([key for place, key in enumerate(wanted) if place % 8 < hits_of_eight], 70)

        # Misses are written in groups of eight as well, so that a write costs the same however many hit.
        for start in range(0, len(wanted), GROUP):
            await cache.get_many(wanted[start : start + GROUP])
            await cache.put_many(computed(keys(GROUP, start=1_000_000 + start), 70))

        assert cache.looks_up_all is stays

    async def test_a_model_cheaper_than_a_lookup_is_not_looked_up(self, cache: AdaptiveCache, tier: Tier) -> None:
        tier.entries = computed(keys(FIRST_KEYS), cost_us=8)

        assert await answer(cache, keys(FIRST_KEYS), cost_us=8) == FIRST_KEYS
        assert not cache.looks_up_all

    async def test_large_groups_make_lookups_pay(self, cache: AdaptiveCache, tier: Tier) -> None:
        tier.entries = computed(keys(8_000), cost_us=8)

        assert await answer(cache, keys(8_000), cost_us=8, at_once=400) == 8_000
        assert cache.looks_up_all

    async def test_a_disabled_tier_is_not_judged(self, cache: AdaptiveCache, tier: Tier) -> None:
        tier.is_in_use = False
        await answer(cache, keys(20_000), CHEAP_US)
        assert cache.looks_up_all

        tier.is_in_use = True
        await answer(cache, keys(FIRST_KEYS - GROUP, start=20_000), CHEAP_US)
        assert cache.looks_up_all

    async def test_a_tier_is_not_judged_before_the_model_cost(self, cache: AdaptiveCache) -> None:
        for start in range(0, 8_000, GROUP):
            await cache.get_many(keys(GROUP, start))

        assert cache.looks_up_all


class TestWhileDisabled:
    async def test_it_reports_that_nothing_is_kept(self, cache: AdaptiveCache, tier: Tier) -> None:
        keeps = [cache.keeps]
        await put_aside(cache)

        assert [*keeps, cache.keeps] == [True, False]

    async def test_nor_does_it_where_its_tier_keeps_nothing(self, cache: AdaptiveCache, tier: Tier) -> None:
        tier.keeps = False

        assert not cache.keeps

    async def test_no_caller_waits_for_a_lookup_of_the_sample(self, cache: AdaptiveCache, tier: Tier) -> None:
        await put_aside(cache)
        tier.entries = computed(keys(1000), CHEAP_US)

        for call in (cache.get_many(keys(1000)), cache.put_many(computed(keys(1000), CHEAP_US))):
            with pytest.raises(StopIteration) as ended:  # it came to its end without a turn of the event loop
                call.send(None)
            assert not ended.value.value

    async def test_only_keys_of_the_sample_are_looked_up_and_written(self, cache: AdaptiveCache, tier: Tier) -> None:
        sample = sampled(keys(30_000))
        async with cache:
            await put_aside(cache)
            tier.looked_up.clear()
            await answer(cache, keys(30_000), CHEAP_US)

            assert tier.looked_up == sample[: len(tier.looked_up)]
            assert len(sample) - AT_ONCE < len(tier.looked_up)
            written = tier.entries.keys() & set(keys(30_000))
            assert written <= set(tier.looked_up)
            assert len(sample) - AT_ONCE < len(written)
        assert tier.entries.keys() & set(keys(30_000)) == set(sample)

    async def test_closing_writes_what_waits_before_the_tier_is_closed(self, cache: AdaptiveCache, tier: Tier) -> None:
        async with cache:
            await put_aside(cache)
            written = len(tier.entries)
            await cache.put_many(computed(sampled(keys(200)), CHEAP_US))
            await settle()
            assert len(tier.entries) == written

        assert set(sampled(keys(200))) <= set(tier.entries)
        assert tier.notes == ["opened", f"closed with {len(tier.entries)} entries"]


class TestEnablesAgain:
    async def test_when_what_it_misses_would_have_hit(self, cache: AdaptiveCache, tier: Tier) -> None:
        await put_aside(cache)
        tier.entries = computed(keys(20_000), CHEAP_US)
        sample = sampled(keys(20_000))
        last = int.from_bytes(sample[FIRST_SAMPLED - 1][16:], "little")

        await answer(cache, keys(last), CHEAP_US)
        assert cache.lookup_share < 1
        await answer(cache, keys(GROUP, start=last), CHEAP_US)

        assert cache.looks_up_all
        assert await answer(cache, keys(800, start=last + GROUP), CHEAP_US) == 800

    async def test_when_the_model_becomes_costly(self, cache: AdaptiveCache) -> None:
        await put_aside(cache)

        await answer(cache, keys(20_000), DEAR_US)

        assert cache.looks_up_all

    async def test_not_for_a_little_more_than_it_costs(self, cache: AdaptiveCache, tier: Tier) -> None:
        """At 10 µs a hit that costs 8.5: it would stay, but does not come back."""
        await put_aside(cache, cost_us=10)
        tier.entries = computed(keys(30_000), cost_us=10)

        await answer(cache, keys(30_000), cost_us=10)

        assert not cache.looks_up_all

    async def test_and_stays_while_all_that_was_left_out_is_written(self, cache: AdaptiveCache, tier: Tier) -> None:
        """Only the sample was kept: of the keys looked up next it alone hits, and all the rest will."""
        await put_aside(cache)
        tier.entries = computed(sampled(keys(30_000)), CHEAP_US)
        await answer(cache, keys(6_000), CHEAP_US)
        assert cache.looks_up_all

        await answer(cache, keys(20_000, start=6_000), CHEAP_US)

        assert cache.looks_up_all
        assert await answer(cache, keys(20_000, start=6_000), CHEAP_US) == 20_000

    async def test_hits_before_it_was_enabled_do_not_keep_it_enabled(self, cache: AdaptiveCache, tier: Tier) -> None:
        await put_aside(cache)
        tier.entries = computed(keys(6_000), CHEAP_US)
        await answer(cache, keys(6_000), CHEAP_US)
        assert cache.looks_up_all

        await answer(cache, keys(30_000, start=6_000), CHEAP_US)

        assert not cache.looks_up_all

    async def test_alternating_hits_change_the_decision_rarely(self, cache: AdaptiveCache, tier: Tier) -> None:
        """The worst case: keys hit while L2 is looked up for the sample only, and miss as soon as it is for all."""
        changes, asked_all, total = 0, cache.looks_up_all, 100_000
        for start in range(0, total, 100):
            group = keys(100, start)
            if not cache.looks_up_all:
                tier.entries |= computed(group, CHEAP_US)
            await answer(cache, group, CHEAP_US, at_once=20)
            changes += cache.looks_up_all is not asked_all
            asked_all = cache.looks_up_all

        assert 2 <= changes <= 2 * total / (FIRST_KEYS + FIRST_SAMPLED * ONE_IN)


class TestLogs:
    @pytest.fixture(autouse=True)
    def _at_info(self, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
        with caplog.at_level(logging.INFO, "foreseen"):
            yield

    async def test_each_change_is_logged_once_with_its_figures(
        self, cache: AdaptiveCache, tier: Tier, clock: Clock, caplog: pytest.LogCaptureFixture
    ) -> None:
        await put_aside(cache)
        await answer(cache, keys(10_000), CHEAP_US)
        clock.pass_s(LOGGED_EVERY_S)
        tier.entries = computed(keys(20_000, start=10_000), CHEAP_US)
        await answer(cache, keys(20_000, start=10_000), CHEAP_US)

        figures = "a hit saves 20 µs of the model, a lookup costs 8 µs a key and a write 10"
        assert [re.sub(r"7\d\.\d", "7…", record.getMessage()) for record in caplog.records] == [
            f"the shared cache is looked up for one key in 64 only: of lookups 0.0% hit, {figures}",
            f"the shared cache is looked up for every key again: of lookups 7…% hit, {figures}",
        ]

    async def test_changes_within_a_minute_are_logged_as_one(
        self, cache: AdaptiveCache, tier: Tier, clock: Clock, caplog: pytest.LogCaptureFixture
    ) -> None:
        await put_aside(cache)
        tier.entries = computed(keys(20_000), CHEAP_US)
        clock.pass_s(LOGGED_EVERY_S - 1)
        await answer(cache, keys(10_000), CHEAP_US)
        assert cache.looks_up_all
        assert len(caplog.records) == 1

        clock.pass_s(1)
        await answer(cache, keys(GROUP, start=10_000), CHEAP_US)

        assert len(caplog.records) == 2
        assert "is looked up for every key again" in caplog.records[1].getMessage()

    async def test_a_change_undone_within_a_minute_is_not_logged(
        self, cache: AdaptiveCache, tier: Tier, clock: Clock, caplog: pytest.LogCaptureFixture
    ) -> None:
        await put_aside(cache)
        tier.entries = computed(keys(6_000), CHEAP_US)
        await answer(cache, keys(6_000), CHEAP_US)
        assert cache.lookup_share == 1
        await answer(cache, keys(30_000, start=6_000), CHEAP_US)
        assert cache.lookup_share < 1

        clock.pass_s(LOGGED_EVERY_S)
        await answer(cache, keys(10_000, start=40_000), CHEAP_US)

        assert len(caplog.records) == 1


GROUPS = st.lists(st.integers(0, 400), min_size=1, max_size=60)
STEPS = st.lists(st.tuples(st.sampled_from(["get", "put", "new keys"]), GROUPS), max_size=30)


@settings(max_examples=examples(30), deadline=None)
@given(steps=STEPS, cost_us=st.sampled_from([0, CHEAP_US, DEAR_US]))
async def test_whatever_it_finds_is_there_and_is_what_was_put(steps: list[tuple[str, list[int]]], cost_us: int) -> None:
    tier = Tier()
    cache, numbers, places = AdaptiveCache(tier), count(), keys(401)
    put: dict[Key, list[Any]] = {}
    for step, group in steps:
        chosen = [places[place] for place in group]
        if step == "put":
            entries = {key: Entry(b"%d" % next(numbers), 1, cost_us) for key in chosen}
            await cache.put_many(entries)
            for key, entry in entries.items():
                put.setdefault(key, []).append(entry)
        elif step == "get":
            found = await cache.get_many(chosen)
            assert found.items() <= tier.entries.items()
            assert set(found) <= set(chosen)
        else:  # which makes it step aside, or come back
            await answer(cache, keys(FIRST_KEYS, start=1_000_000 + FIRST_KEYS * next(numbers)), cost_us, at_once=50)
        await settle(2)
        ours = {key: tier.entries[key] for key in put if key in tier.entries}
        assert all(entry in put[key] for key, entry in ours.items())
        if cache.looks_up_all:
            assert await cache.get_many(places) == {key: ours[key] for key in places if key in ours}
