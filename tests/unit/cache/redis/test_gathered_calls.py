"""What is asked in one turn of the event loop goes out as one call, and everybody gets their own replies."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from foreseen.adapters.cache.redis.leases.gathered_calls import MAX_KEYS, GatheredCalls
from foreseen.domain.errors import CacheUnavailableError
from foreseen.domain.identity.key import Key
from support.stepping import other_tasks, settle


def keys(names: str) -> list[Key]:
    return [Key(name.encode()) for name in names]


class Server:
    """Knows some keys, remembers what it was asked, and answers when it is let to."""

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


async def test_those_of_one_turn_are_one_call_and_those_of_the_next_another() -> None:
    server = Server("ab")
    ask = GatheredCalls(server)

    first, second = await asyncio.gather(ask(keys("ac")), ask(keys("ab")))
    third = await ask(keys("a"))

    assert first == third == {Key(b"a"): ord("a")}
    assert second == {Key(b"a"): ord("a"), Key(b"b"): ord("b")}
    assert server.calls == [keys("acb"), keys("a")]


async def test_nothing_is_asked_about_no_keys() -> None:
    server = Server()

    assert await GatheredCalls(server)([]) == {}
    await settle()
    assert server.calls == []


async def test_many_keys_are_asked_in_several_calls() -> None:
    server = Server()
    await GatheredCalls(server)([Key(row.to_bytes(2)) for row in range(2 * MAX_KEYS + 1)])

    assert [len(call) for call in server.calls] == [MAX_KEYS, MAX_KEYS, 1]


async def test_a_failure_reaches_all_who_asked() -> None:
    server = Server()
    server.error = CacheUnavailableError("away")
    ask = GatheredCalls(server)

    failed = await asyncio.gather(ask(keys("a")), ask(keys("b")), return_exceptions=True)

    assert list(failed) == [server.error, server.error]


async def test_who_leaves_keeps_nobody_from_their_reply() -> None:
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


async def test_a_failure_after_everybody_has_left_disturbs_nobody() -> None:
    server = Server()
    server.answers.clear()
    server.error = CacheUnavailableError("away")
    asked = asyncio.create_task(GatheredCalls(server)(keys("a")))
    await settle()

    asked.cancel()
    server.answers.set()
    await settle()

    assert other_tasks() == set()


async def test_closing_ends_what_is_under_way() -> None:
    server = Server()
    server.answers.clear()
    ask = GatheredCalls(server)
    asked = asyncio.create_task(ask(keys("a")))
    await settle()

    await ask.close()

    with pytest.raises(asyncio.CancelledError):
        await asked
    assert other_tasks() == set()
