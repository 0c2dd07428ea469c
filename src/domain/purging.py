"""Purging: removes a model's predictions from every process and from L2, and reports what was reached.

Entries that were begun before a purge have expired for `Lifetime`, so none is stored after it.
docs/adr/0035 gives the reasons.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from foreseen.domain.errors import CacheUnavailableError
from foreseen.domain.ports import Inventory


@dataclass(frozen=True, slots=True)
class Reached:
    """Which processes have purged what they hold.

    Attributes:
        removed: the number of entries that each removed, by the process's number.
        silent: how many other known processes did not confirm in time.
    """

    removed: Mapping[int, int] = field(default_factory=dict)
    silent: int = 0


class Processes(Protocol):
    """Processes that hold predictions."""

    async def purge(self, model: str | None) -> Reached:
        """Make them remove the predictions of one model, by its name, or of all; raise CacheUnavailableError if that
        fails."""


@dataclass(frozen=True, slots=True)
class Purged:
    """What a purge did.

    Attributes:
        model: whose predictions; None for all.
        l1_removed: entries of all processes that confirmed.
        l2_removed: entries of the shared tier; None if there is none, or if it failed.
        confirmed: processes that no longer hold these predictions, nor will store any that they had begun before.
        silent: known processes that did not confirm in time.
        failures: what failed, each once.
    """

    model: str | None
    l1_removed: int
    l2_removed: int | None
    confirmed: int
    silent: int
    failures: Sequence[str] = ()

    @property
    def is_complete(self) -> bool:
        """Whether everything that is known was reached."""
        return not self.failures and not self.silent

    @property
    def unreached(self) -> str:
        """What was expected and what failed, as a message; shown unless it is complete."""
        said = list(self.failures)
        if self.silent:
            said.append(f"{self.silent} of {self.silent + self.confirmed} processes did not confirm in time")
        return f"expected every tier and process to be purged, got: {'; '.join(said)}; purging again is safe"


class Purge:
    """Purges processes, the shared tier, and the processes again: what they promoted from it in between."""

    def __init__(
        self, ways: Sequence[Processes], inventory: Inventory | None, *, here: Processes | None = None
    ) -> None:
        """Accept the ways to processes, of which the first that works is used.

        Args:
            inventory: of the shared tier; None if there is none.
            here: this process, which cannot receive purge requests while it is starting; None if it holds nothing.
        """
        self._ways = ways
        self._here = here
        self._inventory = inventory

    async def __call__(self, model: str | None) -> Purged:
        """Purge the predictions of one model, by its name, or of all."""
        failures: dict[str, None] = {}
        rounds = [await self._reach(model, failures)]
        l2_removed = None
        if self._inventory is not None:
            try:
                l2_removed = await self._inventory.purge(model)
            except CacheUnavailableError as exc:
                failures[str(exc)] = None
            rounds.append(await self._reach(model, failures))
        return Purged(
            model,
            l1_removed=sum(sum(reached.removed.values()) for reached in rounds),
            l2_removed=l2_removed,
            confirmed=len(rounds[-1].removed),
            silent=max(reached.silent for reached in rounds),
            failures=tuple(failures),
        )

    async def _reach(self, model: str | None, failures: dict[str, None]) -> Reached:
        here = await self._here.purge(model) if self._here else Reached()
        for way in self._ways:
            try:
                reached = await way.purge(model)
            except CacheUnavailableError as exc:
                failures[str(exc)] = None
                continue
            processes = here.removed.keys() | reached.removed.keys()
            both = {each: here.removed.get(each, 0) + reached.removed.get(each, 0) for each in processes}
            return Reached(both, reached.silent)
        return here
