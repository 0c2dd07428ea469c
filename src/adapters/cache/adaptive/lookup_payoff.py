"""Worth: what lookups of L2 save and what they cost, as decaying means."""

from typing import Final

from foreseen.domain.decaying_mean import Lately

CALL_US: Final = 60.0
LOOKUP_US: Final = 1.0
WRITE_US: Final = 2.0
"""CPU time of this process that a call to L2 takes, µs, and what each key adds to it.

Wall time would mislead: a busy event loop does other work during a call.

Source:
    docs/benchmarks.md, "What Redis costs this process": a call by itself takes 20 µs, and 0.4 to 1.9 a key. Under load
    it takes about three times as long, since it adds turns to the event loop: docs/adr/0016.
"""

HOPED: Final = 0.05
"""Share of hits to assume where fewer are seen: a twentieth of the model's time may always be spent on lookups."""


class Worth:
    """What lookups of L2 save, and what they cost.

    Attributes:
        lookup_keys: keys per lookup.
        write_keys: keys per write.
        saved_us: model time that a hit saves, µs.
    """

    def __init__(self) -> None:
        self.lookup_keys = Lately(limit=256)
        self.write_keys = Lately(limit=256)
        self.saved_us = Lately(limit=4096)

    @property
    def lookup_us(self) -> float:
        """Cost of looking up one key, µs."""
        return CALL_US / max(self.lookup_keys.mean, 1.0) + LOOKUP_US

    @property
    def write_us(self) -> float:
        """Cost of writing one key, µs."""
        return CALL_US / max(self.write_keys.mean, 1.0) + WRITE_US

    def ratio(self, hit_share: float) -> float:
        """Return savings over costs, if every key is looked up and every miss is written; above 1 it pays.

        Infinite while the cost of the model is unknown.
        """
        if not self.saved_us.number:
            return float("inf")
        cost_us = self.lookup_us + (1 - hit_share) * self.write_us
        return max(hit_share, HOPED) * self.saved_us.mean / cost_us

    def figures(self, hit_share: float) -> str:
        """Return the figures in words, for the log."""
        return (
            f"of lookups {hit_share:.1%} hit, a hit saves {self.saved_us.mean:.0f} µs of the model, "
            f"a lookup costs {self.lookup_us:.0f} µs a key and a write {self.write_us:.0f}"
        )
