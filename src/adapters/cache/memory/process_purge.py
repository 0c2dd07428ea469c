"""ProcessPurge: what this process holds of predictions is removed, and what it was about to store is not stored."""

import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.purging import Reached


class Emptied(Protocol):
    """What can be emptied at once."""

    def clear(self) -> int:
        """Remove every entry; return how many there were."""


class ProcessPurge:
    """Purges this process, however that was requested.

    Attributes:
        process: identifies it among all that share a tier.
    """

    def __init__(
        self,
        lifetime: Lifetime,
        l1: Emptied | None,
        drained: Sequence[Callable[[], Awaitable[None]]] = (),
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Accept what all tiers of this process ask whether an entry is over, and the clock as seconds since 1970.

        Args:
            drained: each waits until writes to a shared tier have ended that are under way now.
        """
        self.process: Final = secrets.randbits(48)
        self._lifetime = lifetime
        self._l1 = l1
        self._drained = drained
        self._clock = clock

    async def __call__(self, *, until_us: float | None = None) -> int:
        """Remove what was made or begun until now; return how many entries of L1 there were.

        Args:
            until_us: what was made later is good, µs since 1970; a time to come counts as now.
        """
        now_us = self._clock() * 1e6
        self._lifetime.forget_until(int(now_us if until_us is None else min(now_us, until_us)))
        removed = self._l1.clear() if self._l1 is not None else 0
        for drained in self._drained:
            await drained()
        return removed

    def knows_of(self, until_us: float) -> bool:
        """Return whether all that was made until then is over already."""
        return self._lifetime.forgotten_until_us >= until_us

    async def purge(self, model: str | None) -> Reached:  # noqa: ARG002 - there is one model in a process
        """Purge this process alone, as all that there are."""
        return Reached({self.process: await self()})
