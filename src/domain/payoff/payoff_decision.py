"""Payoff decision: whether something saves more than it costs, with hysteresis."""

from typing import Final

MARGIN: Final = 1.25
"""Something that does not pay must save this multiple of its cost to pay again."""

FIRST_KEYS: Final = 4096
"""Keys that are looked up and written before the first decision, by when a hit share of 10 % is known within 1 %."""

LEAST_SHARE: Final = 0.05
"""Share of hits to assume if a service sees fewer: a twentieth of the model's time may always be spent on a tier.

Entries are worth storing for other replicas and later days; a run therefore decides about writes separately.
"""


class Payoff:
    """Whether something pays: it does until it saves less than it costs.

    Attributes:
        pays: the decision.
    """

    __slots__ = ("pays",)

    def __init__(self) -> None:
        self.pays = True

    def decide(self, *, saved_us: float, spent_us: float) -> bool:
        """Decide by what it would save and cost per key, µs; return whether the decision has changed."""
        before = self.pays
        self.pays = saved_us > (1.0 if before else MARGIN) * spent_us
        return self.pays is not before
