"""What do lookups and writes in Redis cost this process, by key and by part?"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha1
from statistics import median
from typing import Any

import uvloop

from harness.contenders import valkey
from harness.options import read_options
from harness.report import Report, ratio_text
from harness.rounds import Rounds, in_turn

SIZES = (1, 4, 16, 64, 512)
"""Keys of one call: of a lone request, of a turn of the event loop, of a large group."""

KEYS_A_SAMPLE, CALLS_A_SAMPLE = 4_096, 500
"""Each sample is of as many calls as the one or the other takes, whichever are fewer."""

Call = Callable[[], Awaitable[object] | object]


def main() -> None:
    options = read_options(str(__doc__), seconds=None, rounds=11)
    report = Report(options.name, options.command)
    with valkey() as url, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        subject = runner.run(Subject.started(url))
        found = {size: measured(runner, subject, size, options.rounds) for size in SIZES}
        runner.run(subject.cache.close())
    lookups = report.table("Lookups", *COLUMNS, "of mget")
    writes = report.table("Writes", *COLUMNS, "of a pipeline")
    for size, rounds in found.items():
        lookups.rows += [row(rounds, name, size, to="mget of redis-py") for name in LOOKUPS]
        writes.rows += [row(rounds, name, size, to="pipeline of redis-py") for name in WRITES]
    for title, parts in (
        ("One key of a lookup that hits, by part", looked_up),
        ("One key of a write, by part", written),
    ):
        table = report.table(title, "us a key", *(f"{size} at a time" for size in SIZES))
        columns = [taken_apart(found[size], parts) for size in SIZES]
        table.rows += [[part, *(f"{column[part]:.2f}" for column in columns)] for part in columns[0]]
    report.finish()


COLUMNS = ("call", "keys at a time", "us a key", "n keys")
LOOKUPS = ("mget of redis-py", "get_many, all hits", "get_many, all misses")
WRITES = ("pipeline of redis-py", "put_many")


def row(found: Rounds[float], name: str, size: int, *, to: str) -> list[str]:
    """Sum up one call, beside what redis-py takes for it."""
    us = found.spread(name, float)
    count = len(found.of[name]) * calls_of(size) * size
    told = f"{us.median:.2f} ({us.least:.2f}-{us.most:.2f})"
    return [name, str(size), told, f"{count:,}", "1" if name == to else ratio_text(found.ratio(name, to, float))]


def taken_apart(found: Rounds[float], parts: Callable[[Mapping[str, float]], dict[str, float]]) -> dict[str, float]:
    """Take a call apart in each round by itself, and give the median of each part."""
    names, rounds = list(found.of), zip(*found.of.values(), strict=True)
    each = [parts(dict(zip(names, us, strict=True))) for us in rounds]
    return {part: median(parts_of_round[part] for parts_of_round in each) for part in each[0]}


def looked_up(us: Mapping[str, float]) -> dict[str, float]:
    """Take a lookup apart."""
    known = {
        "pack the command": us["pack MGET"],
        "send, wait and read": us["exchange MGET"] - us["pack MGET"] - us["parse"],
        "parse the reply": us["parse"],
        "verify the entry": us["unseal"],
        "see whether it is over": us["is over"],
    }
    whole = us["get_many, all hits"]
    return {**known, "name the key, and the rest": whole - sum(known.values()), "all of it": whole}


def written(us: Mapping[str, float]) -> dict[str, float]:
    """Take a write apart."""
    known = {
        "when it ends": us["ends at"],
        "seal the entry": us["seal"],
        "pack the command": us["pack EVALSHA"],
        "send, wait and read": us["exchange EVALSHA"] - us["pack EVALSHA"],
    }
    whole = us["put_many"]
    return {**known, "name the key, and the rest": whole - sum(known.values()), "all of it": whole}


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured, with entries in it."""

    client: Any
    cache: Any
    entry_format: Any
    lifetime: Any
    entries: Mapping[Any, Any]

    @classmethod
    async def started(cls, url: str) -> "Subject":
        """Connect, and store entries as an iris model makes them."""
        from foreseen.adapters.cache.redis.client.connection import connect_redis
        from foreseen.adapters.cache.redis.redis_cache import RedisCache
        from foreseen.adapters.cache.redis.servers.single_server import OneServer
        from foreseen.domain.identity.entry import Entry, EntryFormat
        from foreseen.domain.identity.expiry import Lifetime
        from foreseen.domain.identity.key import Key

        client = connect_redis(url, timeout_s=5.0, max_connections=32)
        entry_format, lifetime = EntryFormat(), Lifetime(3600.0)
        cache = RedisCache(OneServer(client), model_name="iris", lifetime=lifetime, entry_format=entry_format)
        entry = Entry(b'{"prediction":"0"}', time.time_ns() // 1000, 1234)
        entries = {Key(b"namespace-of-it." + os.urandom(32)): entry for _ in range(max(SIZES))}
        await cache.put_many(entries)
        return cls(client, cache, entry_format, lifetime, entries)


def measured(runner: asyncio.Runner, subject: Subject, size: int, rounds: int) -> Rounds[float]:
    """Measure everything of one size, in turn; the first round does not count."""
    calls = {**wholes(subject, size), **parts(subject, size)}
    measures = {name: lambda call=call: runner.run(cpu_us(call, size)) for name, call in calls.items()}
    in_turn(measures, 1)
    return in_turn(measures, rounds)


def wholes(subject: Subject, size: int) -> Mapping[str, Call]:
    """Give the calls that a cache makes, and redis-py's for the same keys and values."""
    some = dict(list(subject.entries.items())[:size])
    keys, absent = list(some), [key[:16] + key[16:][::-1] for key in some]
    names, values = named(keys), [subject.entry_format.seal(*pair) for pair in some.items()]

    async def pipeline() -> None:
        async with subject.client.pipeline(transaction=False) as sets:
            for name, value in zip(names, values, strict=True):
                sets.set(name, value, px=3_600_000)
            await sets.execute()

    return {
        "mget of redis-py": lambda: subject.client.mget(names),
        "get_many, all hits": lambda: subject.cache.get_many(keys),
        "get_many, all misses": lambda: subject.cache.get_many(absent),
        "pipeline of redis-py": pipeline,
        "put_many": lambda: subject.cache.put_many(some),
    }


def parts(subject: Subject, size: int) -> Mapping[str, Call]:
    """Give the parts of those calls that can be made by themselves."""
    import hiredis

    from foreseen.adapters.cache.redis.client.bulk_set import SCRIPT
    from foreseen.adapters.cache.redis.client.fast_commands import RedisWire

    pairs = list(subject.entries.items())[:size]
    names, values = named([key for key, _ in pairs]), [subject.entry_format.seal(*pair) for pair in pairs]
    blobs = [(key, value) for (key, _), value in zip(pairs, values, strict=True)]
    wire, pack = RedisWire(subject.client), hiredis.pack_command
    mget: Any = (b"MGET", *names)
    left = [each for value in values for each in (value, 3_600_000)]
    evalsha: Any = (b"EVALSHA", sha1(SCRIPT, usedforsecurity=False).hexdigest(), size, *names, *left)
    reply = b"*%d\r\n%b" % (size, b"".join(b"$%d\r\n%b\r\n" % (len(value), value) for value in values))
    reader, now_us = hiredis.Reader(), time.time() * 1e6

    def parse() -> None:
        reader.feed(reply)
        reader.gets()

    unseal, seal = subject.entry_format.unseal, subject.entry_format.seal
    is_over, ends_at_us = subject.lifetime.is_over, subject.lifetime.ends_at_us
    return {
        "pack MGET": lambda: pack(mget),
        "exchange MGET": lambda: wire.call(mget),
        "parse": parse,
        "unseal": lambda: [unseal(key, blob) for key, blob in blobs],
        "is over": lambda: [is_over(key, entry, now_us) for key, entry in pairs],
        "pack EVALSHA": lambda: pack(evalsha),
        "exchange EVALSHA": lambda: wire.call(evalsha),
        "ends at": lambda: [ends_at_us(key, entry) for key, entry in pairs],
        "seal": lambda: [seal(key, entry) for key, entry in pairs],
    }


def named(keys: Sequence[bytes]) -> list[str]:
    """Write keys as RedisCache does."""
    return [f"foreseen:iris:{key[:8].hex()}:{key[16:].hex()}" for key in keys]


def calls_of(size: int) -> int:
    """Tell how many calls a sample is of."""
    return min(CALLS_A_SAMPLE, KEYS_A_SAMPLE // size)


async def cpu_us(call: Call, size: int) -> float:
    """Give this process's own time for a key, us: what the server takes meanwhile is no part of it."""
    calls = calls_of(size)
    started = time.process_time_ns()
    for _ in range(calls):
        result = call()
        if isinstance(result, Awaitable):
            await result
    return (time.process_time_ns() - started) / calls / size / 1000


if __name__ == "__main__":
    main()
