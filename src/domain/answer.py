"""Answer: what a request gets, and where each part of it came from."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Final

from foreseen.domain.identity.entry import Entry


class Origin(Enum):
    """Where the answer to one instance came from."""

    L1 = "L1"
    L2 = "L2"
    MODEL = "model"
    COALESCED = "joined"
    """The model, for an earlier request that needed the same key."""

    # Each is equal to itself alone. Enum's own hash is a function in Python, and each answer is counted by origin.
    __hash__ = object.__hash__


Landed = tuple[Entry, Origin]
"""The entry of a key, and where it was found."""


class Answer:
    """What a request is answered with: number i belongs to instance i.

    Attributes:
        landed: the entry of each instance, and where it came from.
        counts: number of instances by origin; origins without any are left out.
    """

    __slots__ = ("counts", "landed")

    def __init__(self, landed: Sequence[Landed]) -> None:
        counts: dict[Origin, int] = {}
        for _, origin in landed:
            counts[origin] = counts.get(origin, 0) + 1
        self.landed: Final = landed
        self.counts: Final[Mapping[Origin, int]] = counts

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The predictions, in order."""
        return tuple(entry for entry, _ in self.landed)

    @property
    def origins(self) -> tuple[Origin, ...]:
        """Where each prediction came from."""
        return tuple(origin for _, origin in self.landed)

    @property
    def bodies(self) -> list[bytes]:
        """The JSON fragments, in order."""
        return [entry.body for entry, _ in self.landed]

    @property
    def model_us(self) -> int:
        """Model time of the instances computed for this answer, µs; a repeated instance counts once."""
        computed = {
            id(entry): entry.cost_us for entry, origin in self.landed if origin in (Origin.MODEL, Origin.COALESCED)
        }
        return sum(computed.values())

    def saved_us(self) -> tuple[int, int, int]:
        """Return the model time saved by L1, by L2 and by other requests, µs."""
        in_l1, in_l2, in_flight = (
            Origin.L1,
            Origin.L2,
            Origin.COALESCED,
        )  # looked up once: an enum's attribute costs as much as an addition
        l1 = l2 = coalesced = 0
        for entry, origin in self.landed:
            if origin is in_l1:
                l1 += entry.cost_us
            elif origin is in_l2:
                l2 += entry.cost_us
            elif origin is in_flight:
                coalesced += entry.cost_us
        return l1, l2, coalesced
