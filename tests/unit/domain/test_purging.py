"""A purge goes to processes, the shared tier, and the processes again, and says what it reached."""

import pytest

from foreseen.domain.errors import CacheUnavailableError
from foreseen.domain.purging import Processes, Purge, Purged, Reached


class Way:
    """Processes that report what a test says."""

    def __init__(self, log: list[str], name: str, *rounds: Reached | CacheUnavailableError) -> None:
        self.log = log
        self.name = name
        self.rounds = list(rounds)

    async def purge(self, model: str | None) -> Reached:
        self.log.append(f"{self.name} {model}")
        reached = self.rounds.pop(0)
        if isinstance(reached, CacheUnavailableError):
            raise reached
        return reached


class Shared:
    """A shared tier of which a purge is counted, or fails."""

    def __init__(self, log: list[str], removed: int | None) -> None:
        self.log = log
        self.removed = removed

    async def purge(self, model: str | None = None) -> int:
        self.log.append(f"shared {model}")
        if self.removed is None:
            raise CacheUnavailableError("Redis: away")
        return self.removed


def purge(ways: list[Processes], shared: Shared | None, here: Processes | None = None) -> Purge:
    return Purge(ways, shared, here=here)  # type: ignore[arg-type]  # of an inventory only its purge is used


async def test_processes_come_before_and_after_the_shared_tier() -> None:
    log: list[str] = []
    way = Way(log, "processes", Reached({1: 5, 2: 0}), Reached({1: 1, 2: 0}))

    purged = await purge([way], Shared(log, 7))("iris")

    assert log == ["processes iris", "shared iris", "processes iris"]
    assert purged == Purged("iris", l1_removed=6, l2_removed=7, confirmed=2, silent=0)
    assert purged.is_complete


async def test_once_is_enough_without_a_shared_tier() -> None:
    log: list[str] = []

    purged = await purge([], None, Way(log, "here", Reached({1: 5})))(None)

    assert log == ["here None"]
    assert purged == Purged(None, l1_removed=5, l2_removed=None, confirmed=1, silent=0)


async def test_this_process_counts_once_for_any_purge() -> None:
    log: list[str] = []
    here = Way(log, "here", Reached({1: 5}), Reached({1: 0}))
    way = Way(log, "all", Reached({1: 0, 2: 3}), Reached({1: 0, 2: 0}))

    purged = await purge([way], Shared(log, 0), here)("iris")

    assert (purged.l1_removed, purged.confirmed) == (8, 2)


async def test_silence_in_either_round_makes_it_incomplete() -> None:
    log: list[str] = []
    way = Way(log, "processes", Reached({1: 0}, silent=1), Reached({1: 0, 2: 0}))

    purged = await purge([way], Shared(log, 0))("iris")

    assert (purged.silent, purged.is_complete) == (1, False)


@pytest.mark.parametrize("removed", [None, 3])
async def test_a_failure_is_logged_once_and_the_next_way_used(removed: int | None) -> None:
    log: list[str] = []
    away = CacheUnavailableError("Redis: away")
    ways: list[Processes] = [
        Way(log, "redis", away, away),
        Way(log, "siblings", Reached({1: 2, 2: 2}), Reached({1: 0, 2: 0})),
    ]

    purged = await purge(ways, Shared(log, removed))("iris")

    assert purged == Purged("iris", 4, removed, confirmed=2, silent=0, failures=("Redis: away",))
    assert not purged.is_complete


def test_unreached_processes_are_named_in_one_sentence() -> None:
    purged = Purged("iris", 4, None, confirmed=2, silent=1, failures=("Redis: away",))

    assert purged.unreached == (
        "expected every tier and process to be purged, got: Redis: away; 1 of 3 processes did not confirm in time; "
        "purging again is safe"
    )
