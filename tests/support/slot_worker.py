"""A process that counts in a slot on command; here, since a process that is spawned imports what it runs."""

import multiprocessing
from multiprocessing.connection import Connection

from foreseen.entrypoints.http.counting.shared_memory_slots import Slots

SPAWN = multiprocessing.get_context("spawn")


class Worker:
    """A process with a slot, that counts on command."""

    def __init__(self, slots: Slots) -> None:
        self._ours, theirs = SPAWN.Pipe()
        self._process = SPAWN.Process(target=_work, args=(slots, theirs), daemon=True)
        self._process.start()
        theirs.close()

    def count(self, place: int, amount: float) -> None:
        """Count, and be done with it."""
        self._ours.send((place, amount))
        assert self._ours.recv()

    def kill(self) -> None:
        """End it as the kernel does."""
        self._process.kill()
        self._process.join()

    def end(self) -> None:
        """Let it return."""
        self._ours.close()
        self._process.join()


def _work(slots: Slots, pipe: Connection) -> None:
    own = slots.claim()
    try:
        while True:
            place, amount = pipe.recv()
            own[place] += amount
            pipe.send(True)
    except EOFError:
        return
