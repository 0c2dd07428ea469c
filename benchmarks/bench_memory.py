"""Does a lookup in L1 cost the same with a thousand entries and with a million, and what does an entry take?"""

import gc
import os
import random
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median, quantiles

from foreseen.adapters.cache.memory.lru import LruCache
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.identity.key import Key
from harness.options import read_options
from harness.report import Report, ratio_text
from harness.rounds import Rounds, in_turn

SMALL, LARGE = 1_000, 1_000_000
SAMPLES, LOOKUPS = 200, 1_000
"""Samples a round, and lookups a sample: one alone is shorter than the clock can tell."""

Samples = list[float]
"""Nanoseconds a lookup, of each sample."""


def main() -> None:
    options = read_options(str(__doc__), seconds=None, rounds=5)
    report = Report(options.name, options.command)
    small, _ = filled(SMALL)
    large, taken_bytes = filled(LARGE)
    measures = {
        "1,000 entries, any of them": lambda: lookups(small, SMALL),
        "1,000,000 entries, the 1,000 used last": lambda: lookups(large, SMALL),
        "1,000,000 entries, any of them": lambda: lookups(large, LARGE),
    }
    in_turn(measures, 1)
    add_lookups(report, in_turn(measures, options.rounds))
    table = report.table("Memory of an entry", "what", "bytes an entry")
    table.rows += [
        ["taken from the system (RSS), 1,000,000 entries", f"{taken_bytes / LARGE:.0f}"],
        ["counted by the cache", f"{large.size_bytes / LARGE:.0f}"],
    ]
    report.finish()


def add_lookups(report: Report, found: Rounds[Samples]) -> None:
    """Add the table of lookups, and hold each against the first."""
    first, *others = found.of
    table = report.table("LruCache.peek, a hit", "cache", "ns, median", "ns, p99", "n", f"of {first}")
    for name, rounds in found.of.items():
        samples = [sample for each in rounds for sample in each]
        ratio = found.ratio(name, first, median)
        p99 = quantiles(samples, n=100)[-1]
        n = f"{len(samples) * LOOKUPS:,}"
        table.rows.append([name, f"{median(samples):.0f}", f"{p99:.0f}", n, ratio_text(ratio)])
    for name in others:
        report.at_most(f"peek, {name}, of {first}", found.ratio(name, first, median), 1.5)


def filled(entries: int) -> tuple[LruCache, int]:
    """Give a cache that is full, and the bytes that it took from the system."""
    gc.collect()
    before = resident_bytes()
    cache = LruCache(max_entries=entries, max_bytes=1 << 40, lifetime=Lifetime(3600.0))
    for start in range(0, entries, 1000):
        run(cache.put_many({key_of(n): entry() for n in range(start, start + 1000)}))
    gc.collect()
    return cache, resident_bytes() - before


def run(call: object) -> None:
    """Run a coroutine that never waits, without an event loop."""
    for _ in iterate(call):
        raise AssertionError("expected a call that does not wait")


def iterate(call: object) -> Iterator[object]:
    """Step through a coroutine."""
    yield from call.__await__()  # type: ignore[attr-defined]


def key_of(n: int) -> Key:
    """Give the key of one of a model's instances with four numbers, as a new object: its hash is not known yet."""
    return Key(b"namespace-of-it." + struct.pack("<4d", n, 0.5, 1.4, 0.2))


def entry() -> Entry:
    """Give a prediction, no part of it shared with another, as it comes from the model."""
    return Entry(b"".join([b'{"prediction":', b'"0"}']), time.time_ns() // 1000, int(time.perf_counter() * 1000) + 1000)


def lookups(cache: LruCache, among: int) -> Samples:
    """Look up known keys, chosen at random among the first so many."""
    choose = random.Random(0)
    return [sample(cache.peek, [key_of(choose.randrange(among)) for _ in range(LOOKUPS)]) for _ in range(SAMPLES)]


def sample(peek: Callable[[Key], Entry | None], keys: list[Key]) -> float:
    """Time some lookups, the loop around them included."""
    start = time.perf_counter_ns()
    for key in keys:
        peek(key)
    return (time.perf_counter_ns() - start) / len(keys)


def resident_bytes() -> int:
    """Give the memory of this process as the system counts it."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
