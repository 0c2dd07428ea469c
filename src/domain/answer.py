"""Answer: what a request gets, and where each part of it came from."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from foreseen.domain.identity.entry import Entry


class Origin(Enum):
    """Where the answer to one instance came from."""

    L1 = "L1"
    L2 = "L2"
    MODEL = "model"
    JOINED = "joined"
    """The model, at the wish of another request that was first."""


_FROM_THE_SLOWEST = (Origin.MODEL, Origin.JOINED, Origin.L2, Origin.L1)

Landed = tuple[Entry, Origin]
"""What was found of a key, and where."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request is answered with: number i belongs to instance i."""

    landed: Sequence[Landed]

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The predictions, in order."""
        return tuple(entry for entry, _ in self.landed)

    @property
    def origins(self) -> tuple[Origin, ...]:
        """Where each came from."""
        return tuple(origin for _, origin in self.landed)

    @property
    def bodies(self) -> list[bytes]:
        """The JSON fragments, in order."""
        return [entry.body for entry, _ in self.landed]

    @property
    def model_us(self) -> int:
        """What the instances that were computed for it cost the model, µs; an instance that came twice counts once."""
        computed = {
            id(entry): entry.cost_us for entry, origin in self.landed if origin in (Origin.MODEL, Origin.JOINED)
        }
        return sum(computed.values())

    @property
    def slowest(self) -> Origin:
        """Where the instance came from that took longest to find."""
        origins = {origin for _, origin in self.landed}
        return next(origin for origin in _FROM_THE_SLOWEST if origin in origins)

    def saved_us(self) -> tuple[int, int, int]:
        """Return what the instances cost the model once that came from L1, from L2, and from other requests, µs."""
        in_l1, in_l2, joined = Origin.L1, Origin.L2, Origin.JOINED  # to look a member up costs as much as an addition
        l1 = l2 = coalesced = 0
        for entry, origin in self.landed:
            if origin is in_l1:
                l1 += entry.cost_us
            elif origin is in_l2:
                l2 += entry.cost_us
            elif origin is joined:
                coalesced += entry.cost_us
        return l1, l2, coalesced

    def counts(self) -> dict[Origin, int]:
        """Tell how many instances were answered from where; only from where some were."""
        counts: dict[Origin, int] = {}
        for _, origin in self.landed:
            counts[origin] = counts.get(origin, 0) + 1
        return counts
