"""Answer: what a request gets, and where each part of it came from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from foreseen.domain.identity.entry import Entry


class Origin(Enum):
    """Where the answer to one instance came from."""

    L1 = "L1"
    L2 = "L2"
    MODEL = "model"
    COALESCED = "joined"
    """The model, for an earlier request that needed the same key."""


_FROM_THE_SLOWEST = (Origin.MODEL, Origin.COALESCED, Origin.L2, Origin.L1)

Landed = tuple[Entry, Origin]
"""What was found of a key, and where."""


@dataclass(frozen=True)
class Answer:
    """What a request is answered with: number i belongs to instance i."""

    landed: Sequence[Landed]

    @cached_property
    def counts(self) -> Mapping[Origin, int]:
        """How many instances came from where; only from where some did."""
        counts: dict[Origin, int] = {}
        for _, origin in self.landed:
            counts[origin] = counts.get(origin, 0) + 1
        return counts

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
            id(entry): entry.cost_us for entry, origin in self.landed if origin in (Origin.MODEL, Origin.COALESCED)
        }
        return sum(computed.values())

    @property
    def slowest(self) -> Origin:
        """Where the instance came from that took longest to find."""
        return next(origin for origin in _FROM_THE_SLOWEST if origin in self.counts)

    def saved_us(self) -> tuple[int, int, int]:
        """Return what the instances cost the model once that came from L1, from L2, and from other requests, µs."""
        in_l1, in_l2, in_flight = (
            Origin.L1,
            Origin.L2,
            Origin.COALESCED,
        )  # looked up once: it costs as much as an addition
        l1 = l2 = coalesced = 0
        for entry, origin in self.landed:
            if origin is in_l1:
                l1 += entry.cost_us
            elif origin is in_l2:
                l2 += entry.cost_us
            elif origin is in_flight:
                coalesced += entry.cost_us
        return l1, l2, coalesced
