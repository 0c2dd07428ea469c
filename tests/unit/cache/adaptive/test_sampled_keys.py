"""The sample: which keys it is, and that it is looked up and written, in this order, without any caller waiting."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from foreseen.adapters.cache.adaptive.sampled_keys import AT_ONCE, ONE_IN, Sample, sampled
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key
from support.cache_contract import entry
from support.event_loop_steps import settle
from support.fakes import DictCache

KEYS = [Key(b"n" * 16 + number.to_bytes(4, "little")) for number in range(20_000)]
INSIDE = sampled(KEYS)
OUTSIDE = sorted(set(KEYS) - set(INSIDE))


class Learnt:
    """What was reported, key by key: whether it was found."""

    def __init__(self) -> None:
        self.reported: list[tuple[Key, bool]] = []

    def __call__(self, keys: Sequence[Key], found: Mapping[Key, Entry]) -> None:
        """Record it."""
        self.reported += [(key, key in found) for key in keys]


class StallingCache(DictCache):
    """An L2 that does not answer before a test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = asyncio.Event()

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        found = await super().get_many(keys)
        await self.answers.wait()
        return found


@pytest.fixture
def far() -> DictCache:
    return DictCache()


@pytest.fixture
def learnt() -> Learnt:
    return Learnt()


@pytest.fixture
def sample(far: DictCache, learnt: Learnt) -> Sample:
    return Sample(far, learnt)


def test_the_sample_is_a_sixty_fourth() -> None:
    assert len(KEYS) / ONE_IN == pytest.approx(len(INSIDE), rel=0.15)


def test_replicas_of_any_version_agree_on_the_sample() -> None:
    """Who changes this changes what a fleet shares while it is deployed."""
    assert [KEYS.index(key) for key in INSIDE[:5]] == [2, 116, 152, 238, 317]


def test_the_sample_depends_on_neither_order_nor_neighbours() -> None:
    assert sampled(reversed(KEYS[:1000])) == sampled(KEYS[:1000])[::-1]
    assert all(sampled([key]) == [key] for key in INSIDE)
    assert sampled(OUTSIDE) == []


async def test_keys_are_collected_and_looked_up_in_one_call(sample: Sample, far: DictCache, learnt: Learnt) -> None:
    for key in INSIDE[: AT_ONCE - 1]:
        sample.look_up([key, OUTSIDE[0]])
    await settle()
    assert far.lookups == []

    sample.look_up(INSIDE[AT_ONCE - 1 : AT_ONCE])
    await settle()

    assert far.lookups == [AT_ONCE]
    assert learnt.reported == [(key, False) for key in INSIDE[:AT_ONCE]]


async def test_entries_are_written_after_the_lookup_of_their_key(
    sample: Sample, far: DictCache, learnt: Learnt
) -> None:
    for key in INSIDE[:AT_ONCE]:
        sample.look_up([key])
        sample.keep({key: entry(), OUTSIDE[0]: entry()})
    await settle()

    assert learnt.reported == [(key, False) for key in INSIDE[:AT_ONCE]]
    assert set(far.entries) == set(INSIDE[:AT_ONCE])


async def test_entries_of_another_replica_are_found(sample: Sample, far: DictCache, learnt: Learnt) -> None:
    far.entries = {key: entry() for key in INSIDE[: AT_ONCE // 2]}

    sample.look_up(KEYS[: KEYS.index(INSIDE[AT_ONCE])])
    await settle()

    assert learnt.reported == [(key, place < AT_ONCE // 2) for place, key in enumerate(INSIDE[:AT_ONCE])]


async def test_a_key_looked_up_before_its_write_is_a_hit(sample: Sample, far: DictCache, learnt: Learnt) -> None:
    sample.look_up(INSIDE[:1])
    sample.keep({INSIDE[0]: entry()})
    sample.look_up(INSIDE[:1])

    assert learnt.reported == [(INSIDE[0], True)]
    assert far.lookups == []


async def test_entries_without_a_lookup_are_written_too(sample: Sample, far: DictCache) -> None:
    sample.keep({key: entry() for key in INSIDE[:AT_ONCE]})
    await settle()

    assert set(far.entries) == set(INSIDE[:AT_ONCE])


async def test_while_one_lookup_is_under_way_the_next_waits(learnt: Learnt) -> None:
    far = StallingCache()
    sample = Sample(far, learnt)
    for start in range(0, 3 * AT_ONCE, AT_ONCE):
        sample.look_up(INSIDE[start : start + AT_ONCE])
        await settle()
    assert far.lookups == [AT_ONCE]

    far.answers.set()
    await settle()

    assert far.lookups == [AT_ONCE, 2 * AT_ONCE]
    assert [key for key, _ in learnt.reported] == INSIDE[: 3 * AT_ONCE]


async def test_a_forgotten_key_is_written_without_a_lookup(sample: Sample, far: DictCache, learnt: Learnt) -> None:
    sample.look_up(INSIDE[: AT_ONCE - 1])
    sample.keep({INSIDE[0]: entry()})
    sample.forget()
    sample.look_up(INSIDE[AT_ONCE : 2 * AT_ONCE])
    await settle()

    assert [key for key, _ in learnt.reported] == INSIDE[AT_ONCE : 2 * AT_ONCE]
    assert set(far.entries) == {INSIDE[0]}


async def test_closing_writes_what_waits_and_leaves_no_task(learnt: Learnt) -> None:
    far, tasks = StallingCache(), asyncio.all_tasks()
    sample = Sample(far, learnt)
    sample.look_up(INSIDE[:AT_ONCE])
    await settle()
    sample.keep({INSIDE[0]: entry()})
    closing = asyncio.create_task(sample.close())
    await settle()
    assert not closing.done()

    far.answers.set()
    await closing

    assert set(far.entries) == {INSIDE[0]}
    assert asyncio.all_tasks() == tasks
