"""ProcessPurge: removes the predictions that this process holds, and discards those that it was about to store."""

import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.purging import Reached


class Clearable(Protocol):
    """A cache that can be cleared."""

    def clear(self) -> int:
        """Remove every entry; return how many there were."""


class ProcessPurge:
    """Purges this process, however that was requested.

    Attributes:
        process: the number that identifies it among all that share a tier.
    """

    def __init__(
        self,
        lifetime: Lifetime,
        l1: Clearable | None,
        drained: Sequence[Callable[[], Awaitable[None]]] = (),
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Accept the expiry that all tiers of this process use, and a clock in seconds since 1970.

        Args:
            drained: each waits until the writes to L2 that are under way now have ended.
        """
        self.process: Final = secrets.randbits(48)
        self._lifetime = lifetime
        self._l1 = l1
        self._drained = drained
        self._clock = clock

    async def __call__(self, *, until_us: float | None = None) -> int:
        """Remove entries made or begun until now; return how many L1 contained.

        Args:
            until_us: entries made later are kept, µs since 1970; a time in the future counts as now.
        """
        now_us = self._clock() * 1e6
        self._lifetime.forget_until(int(now_us if until_us is None else min(now_us, until_us)))
        removed = self._l1.clear() if self._l1 is not None else 0
        for drained in self._drained:
            await drained()
        return removed

    def knows_of(self, until_us: float) -> bool:
        """Return whether all entries made until then have expired already."""
        return self._lifetime.forgotten_until_us >= until_us

    async def purge(self, model: str | None) -> Reached:  # noqa: ARG002 - there is one model in a process
        """Purge this process, as if it were the only one."""
        return Reached({self.process: await self()})
