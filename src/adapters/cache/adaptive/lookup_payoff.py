"""Worth: what asking a far tier saves, beside what it costs; both as measured lately."""

from typing import Final

from foreseen.domain.decaying_mean import Lately

CALL_US: Final = 60.0
LOOKUP_US: Final = 1.0
WRITE_US: Final = 2.0
"""What a call to the far tier takes of this process's own time, µs, and what each key adds to it.

The wall time of a call would tell nothing: meanwhile a busy event loop does other work.

Source:
    docs/benchmarks.md, "What Redis costs this process": a call by itself takes 20 µs, and 0.4 to 1.9 a key. Under load
    it takes about three times as long, since it adds turns to the event loop: docs/adr/0016.
"""

HOPED: Final = 0.05
"""Share of hits that is hoped for where there are fewer: a twentieth of the model's time may be spent in any case."""


class Worth:
    """What asking a far tier saves, beside what it costs.

    Attributes:
        lookup_keys: keys of a lookup.
        write_keys: keys of a write.
        saved_us: what a hit saves of the model's time, µs.
    """

    def __init__(self) -> None:
        self.lookup_keys = Lately(limit=256)
        self.write_keys = Lately(limit=256)
        self.saved_us = Lately(limit=4096)

    @property
    def lookup_us(self) -> float:
        """What looking up a key costs, µs."""
        return CALL_US / max(self.lookup_keys.mean, 1.0) + LOOKUP_US

    @property
    def write_us(self) -> float:
        """What writing one costs, µs."""
        return CALL_US / max(self.write_keys.mean, 1.0) + WRITE_US

    def ratio(self, hit_share: float) -> float:
        """Give what is saved over what it costs to look up every key, and to write what is missed; above 1 it pays."""
        if not self.saved_us.number:  # nobody knows what the model costs
            return float("inf")
        cost_us = self.lookup_us + (1 - hit_share) * self.write_us
        return max(hit_share, HOPED) * self.saved_us.mean / cost_us

    def told(self, hit_share: float) -> str:
        """Give the figures in words."""
        return (
            f"of lookups {hit_share:.1%} hit, a hit saves {self.saved_us.mean:.0f} µs of the model, "
            f"a lookup costs {self.lookup_us:.0f} µs a key and a write {self.write_us:.0f}"
        )
