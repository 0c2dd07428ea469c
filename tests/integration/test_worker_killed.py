"""kill -9 of one of two workers: the other answers every request, the port never closes, and a new worker comes."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from support.kept_connection import KeptConnection, post
from support.models import IRIS_NAMES
from support.process_facts import is_gone, owner
from support.processes import Served, model_processes, served, wait_until, workers
from support.time_limits import soon

FLOWER = post(json.dumps(dict(zip(IRIS_NAMES, [5.1, 3.5, 1.4, 0.2], strict=True))).encode())
ANSWER = (200, b'{"prediction":"0"}')


@dataclass
class Asking:
    """Clients that send all the time: on connections they keep, and on new ones."""

    running: Served
    kept: dict[KeptConnection, int] = field(default_factory=dict)
    answered_on_kept: int = 0
    answered_on_new: int = 0
    is_over: bool = False

    async def connect(self, pids: list[int]) -> None:
        """Open connections until each of the processes holds some."""
        port = urlsplit(self.running.url).port or 0
        while len(self.kept) < 200 and not (len(self.kept) >= 12 and set(self.kept.values()) == set(pids)):
            connection = await KeptConnection.to(self.running.url)
            assert await answer(connection) == ANSWER
            pid = owner(port, connection.local_port, pids)
            assert pid is not None
            self.kept[connection] = pid
        assert set(self.kept.values()) == set(pids)

    async def ask_on(self, connection: KeptConnection) -> None:
        """Send on one connection until the end; a connection that is lost fails the test."""
        while not self.is_over:
            assert await answer(connection) == ANSWER
            self.answered_on_kept += 1

    async def ask_on_new(self) -> None:
        """Connect for each request: none may be refused, and none lost."""
        while not self.is_over:
            connection = await KeptConnection.to(self.running.url)
            assert await answer(connection) == ANSWER
            connection.close()
            self.answered_on_new += 1
            await asyncio.sleep(0.005)

    async def knock(self) -> None:
        """Connect, and go: what the killed process had accepted is lost, but the port is open."""
        while not self.is_over:
            (await KeptConnection.to(self.running.url)).close()
            await asyncio.sleep(0.002)

    async def reach(self, pid: int) -> None:
        """Open connections until one is answered by this process."""
        port = urlsplit(self.running.url).port or 0
        while not self.is_over:
            connection = await KeptConnection.to(self.running.url)
            with suppress(ConnectionError):
                is_it = await answer(connection) == ANSWER and owner(port, connection.local_port, [pid]) == pid
                connection.close()
                if is_it:
                    return


async def answer(connection: KeptConnection) -> tuple[int, bytes]:
    heard = await connection.ask(FLOWER)
    return heard.status, heard.body


@asynccontextmanager
async def asking(running: Served) -> AsyncIterator[Asking]:
    """Stop every client when the block ends."""
    clients = Asking(running)
    try:
        yield clients
    finally:
        clients.is_over = True
        for connection in clients.kept:
            connection.close()


async def until(is_so: Callable[[], bool]) -> None:
    """Wait beside the clients."""
    await asyncio.to_thread(wait_until, is_so)


async def test_the_survivor_answers_everything_until_a_new_worker_does(flower_model: Path) -> None:
    with served(flower_model, "--workers", "2") as running:
        before = workers(running)
        async with asking(running) as clients, asyncio.TaskGroup() as group:
            await clients.connect(before)
            victim, survivor = before
            knocking = group.create_task(clients.knock())
            for connection in [each for each, pid in clients.kept.items() if pid == survivor]:
                group.create_task(clients.ask_on(connection))

            (model,) = model_processes(victim)
            os.kill(victim, signal.SIGKILL)
            await until(lambda: is_gone(victim) and is_gone(model))
            group.create_task(clients.ask_on_new())
            await until(lambda: len(set(workers(running)) - {victim}) == 2)
            (successor,) = set(workers(running)) - set(before)
            await soon(clients.reach(successor))
            await until(lambda: clients.answered_on_kept > 100 and clients.answered_on_new > 20)
            clients.is_over = True
            await knocking

        assert running.stop() == 0
    assert "Traceback" not in "".join(running.err)
