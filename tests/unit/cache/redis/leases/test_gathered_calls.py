"""Calls of one turn of the event loop are gathered into one, and each caller gets its own replies."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from foreseen.adapters.cache.redis.leases.gathered_calls import MAX_KEYS, GatheredCalls
from foreseen.domain.errors import CacheUnavailableError
from foreseen.domain.identity.key import Key
from support.event_loop_steps import other_tasks, settle


def keys(names: str) -> list[Key]:
    return [Key(name.encode()) for name in names]


class Server:
    """Knows some keys, records its calls, and answers when it is let to."""

    def __init__(self, known: str = "") -> None:
        self.known = set(keys(known))
        self.calls: list[Sequence[Key]] = []
        self.answers = asyncio.Event()
        self.answers.set()
        self.error: Exception | None = None

    async def __call__(self, keys: Sequence[Key]) -> Mapping[Key, int]:
        self.calls.append(keys)
        await self.answers.wait()
        if self.error is not None:
            raise self.error
        return {key: key[0] for key in keys if key in self.known}


async def test_calls_of_one_turn_are_gathered_into_one() -> None:
    server = Server("ab")
    ask = GatheredCalls(server)

    first, second = await asyncio.gather(ask(keys("ac")), ask(keys("ab")))
    third = await ask(keys("a"))

    assert first == third == {Key(b"a"): ord("a")}
    assert second == {Key(b"a"): ord("a"), Key(b"b"): ord("b")}
    assert server.calls == [keys("acb"), keys("a")]


async def test_no_keys_need_no_call() -> None:
    server = Server()

    assert await GatheredCalls(server)([]) == {}
    await settle()
    assert server.calls == []


async def test_many_keys_are_split_into_several_calls() -> None:
    server = Server()
    await GatheredCalls(server)([Key(row.to_bytes(2)) for row in range(2 * MAX_KEYS + 1)])

    assert [len(call) for call in server.calls] == [MAX_KEYS, MAX_KEYS, 1]


async def test_a_failure_reaches_all_callers() -> None:
    server = Server()
    server.error = CacheUnavailableError("away")
    ask = GatheredCalls(server)

    failed = await asyncio.gather(ask(keys("a")), ask(keys("b")), return_exceptions=True)

    assert list(failed) == [server.error, server.error]


async def test_a_cancelled_caller_keeps_no_reply_from_others() -> None:
    server = Server("a")
    server.answers.clear()
    ask = GatheredCalls(server)
    leaving, staying = (asyncio.create_task(ask(keys("a"))) for _ in range(2))
    await settle()

    leaving.cancel()
    await settle()
    server.answers.set()

    assert await staying == {Key(b"a"): ord("a")}
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_a_failure_without_any_callers_left_is_ignored() -> None:
    server = Server()
    server.answers.clear()
    server.error = CacheUnavailableError("away")
    pending = asyncio.create_task(GatheredCalls(server)(keys("a")))
    await settle()

    pending.cancel()
    server.answers.set()
    await settle()

    assert other_tasks() == set()


async def test_closing_ends_what_is_under_way() -> None:
    server = Server()
    server.answers.clear()
    ask = GatheredCalls(server)
    pending = asyncio.create_task(ask(keys("a")))
    await settle()

    await ask.close()

    with pytest.raises(asyncio.CancelledError):
        await pending
    assert other_tasks() == set()
