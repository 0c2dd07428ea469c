"""No cache: every instance goes to the model."""

from foreseen.adapters.cache.memory.no_cache import NoCache
from support.cache_contract import A, entry


async def test_nothing_is_kept() -> None:
    cache = NoCache()
    await cache.put_many({A: entry()})

    assert cache.peek(A) is None
    assert await cache.get_many([A]) == {}
    assert await cache.get_many([]) == {}
