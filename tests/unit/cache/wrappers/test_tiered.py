"""Two tiers: L2 is looked up for what L1 lacks, and its hits are promoted to L1."""

from collections.abc import Mapping, Sequence

import pytest

from foreseen.adapters.cache.memory.lru import LruCache
from foreseen.adapters.cache.memory.no_cache import NoCache
from foreseen.adapters.cache.wrappers.tiered import TieredCache
from foreseen.domain.errors import CacheUnavailableError
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.identity.key import Key
from support.cache_contract import A, B, C
from support.fakes import Clock, DeadCache, DictCache


class Noted(DictCache):
    """Records which tier was called with what, in order."""

    def __init__(self, name: str, notes: list[tuple[str, str, list[Key]]]) -> None:
        super().__init__()
        self._name = name
        self._notes = notes

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        self._notes.append((self._name, "get", list(keys)))
        return await super().get_many(keys)

    async def put_many(self, entries: Mapping[Key, Entry]) -> None:
        self._notes.append((self._name, "put", list(entries)))
        await super().put_many(entries)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def lru(clock: Clock) -> LruCache:
    return LruCache(max_entries=100, max_bytes=2**20, lifetime=Lifetime(100.0), clock=clock)


def entry(clock: Clock, body: bytes = b"1") -> Entry:
    return Entry(body, int(clock() * 1e6), 7)


async def test_l2_is_looked_up_only_for_what_l1_lacks(clock: Clock) -> None:
    notes: list[tuple[str, str, list[Key]]] = []
    near, far = Noted("L1", notes), Noted("L2", notes)
    near.entries = {A: entry(clock)}
    far.entries = {A: entry(clock), B: entry(clock)}

    found = await TieredCache(near, far).get_many([C, A, B])

    assert found == {A: near.entries[A], B: far.entries[B]}
    assert notes[:2] == [("L1", "get", [C, A, B]), ("L2", "get", [C, B])]


async def test_l2_is_not_looked_up_when_l1_has_all(clock: Clock) -> None:
    far = DictCache()
    cache = TieredCache(lru(clock), far)
    await cache.put_many({A: entry(clock), B: entry(clock)})

    assert set(await cache.get_many([A, B])) == {A, B}
    assert await cache.get_many([]) == {}
    assert far.lookups == []


async def test_an_l2_hit_is_promoted_to_l1(clock: Clock) -> None:
    near, far = lru(clock), DictCache()
    cache, kept = TieredCache(near, far), entry(clock)
    await far.put_many({A: kept})
    assert cache.peek(A) is None

    await cache.get_many([A, B])

    assert cache.peek(A) == near.peek(A) == kept
    assert cache.peek(B) is None


async def test_a_promoted_entry_does_not_outlive_its_ttl(clock: Clock) -> None:
    far = DictCache()
    cache = TieredCache(lru(clock), far)
    await far.put_many({A: entry(clock)})
    clock.pass_s(89)
    await cache.get_many([A])
    assert cache.peek(A) is not None

    clock.pass_s(22)

    assert cache.peek(A) is None


async def test_l2_is_written_first(clock: Clock) -> None:
    notes: list[tuple[str, str, list[Key]]] = []

    await TieredCache(Noted("L1", notes), Noted("L2", notes)).put_many({A: entry(clock)})

    assert notes == [("L2", "put", [A]), ("L1", "put", [A])]


async def test_l1_is_written_although_l2_fails(clock: Clock) -> None:
    cache, kept = TieredCache(lru(clock), DeadCache()), entry(clock)

    with pytest.raises(CacheUnavailableError):
        await cache.put_many({A: kept})

    assert cache.peek(A) == kept
    assert await cache.get_many([A]) == {A: kept}


async def test_an_l2_failure_is_raised_and_no_miss(clock: Clock) -> None:
    with pytest.raises(CacheUnavailableError):
        await TieredCache(lru(clock), DeadCache()).get_many([A])


@pytest.mark.parametrize(("near", "far"), [(True, True), (True, False), (False, True), (False, False)])
def test_it_keeps_what_either_keeps(near: bool, far: bool) -> None:
    tiers = [DictCache() if keeps else NoCache() for keeps in (near, far)]

    assert TieredCache(*tiers).keeps is (near or far)
