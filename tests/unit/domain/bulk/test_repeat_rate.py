"""Repeats: a sixteenth of the keys show how often a cache of the whole size would hit."""

import numpy as np
import pytest

from foreseen.adapters.cache.memory.lru import LruCache
from foreseen.domain.bulk.repeat_rate import Repeats
from foreseen.domain.bulk.row_sample import sampled
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.identity.key import Fingerprint, KeyRecipe, namespace
from foreseen.domain.values.batch import Batch
from support.fakes import FLOWER, Clock

RECIPE = KeyRecipe(namespace(Fingerprint(b"f" * 16), FLOWER, ["predict"]), FLOWER)


def flowers(numbers: np.ndarray) -> Batch:
    return Batch.of(FLOWER, {"length": numbers * 0.5, "width": numbers % 7.0})


@pytest.mark.parametrize("distinct", [500, 20_000, 200_000])
async def test_the_share_equals_that_of_a_real_lru(distinct: int) -> None:
    clock, capacity = Clock(), 5_000
    lru = LruCache(max_entries=capacity, max_bytes=2**30, lifetime=Lifetime(3600.0), clock=clock)
    repeats = Repeats(capacity)
    random = np.random.default_rng(0)
    hits = asked = 0
    for number in range(10):
        # Some come far more often than others, as they do.
        batch = flowers((distinct * random.random(8_000) ** 2).astype(np.int64))
        repeats.count(RECIPE.keys(batch.take(sampled(batch))))
        for key in RECIPE.keys(batch):
            hits += number >= 5 and lru.peek(key) is not None
            asked += number >= 5
            await lru.put_many({key: Entry(b"{}", int(clock() * 1e6), 1)})

    assert repeats.share == pytest.approx(hits / asked, abs=0.08)


def test_a_new_row_is_passed_once() -> None:
    repeats = Repeats(1_000)
    a, b = RECIPE.keys(flowers(np.arange(2)))

    assert repeats.count([a, b, a]) == [a, b]
    assert repeats.count([b, a]) == []
    assert (repeats.share, repeats.number) == (3 / 5, 5)


def test_the_least_recently_used_row_is_forgotten() -> None:
    repeats = Repeats(2 * 16)
    a, b, c = RECIPE.keys(flowers(np.arange(3)))
    repeats.count([a, b, a, c])

    assert repeats.count([a]) == []
    assert repeats.count([b]) == [b]
