"""Plain counters of what was answered from where; read when somebody asks, free otherwise."""

from dataclasses import dataclass


@dataclass(slots=True)
class Tally:
    """Counts since the start, per instance unless the name says otherwise."""

    hits_l1: int = 0
    hits_l2: int = 0
    misses: int = 0
    coalesced: int = 0
    model_calls: int = 0
    model_rows: int = 0
    model_seconds: float = 0.0

    def count_answer(self, *, l1: int, l2: int, missed: int, coalesced: int) -> None:
        """Add the instances of one answer."""
        self.hits_l1 += l1
        self.hits_l2 += l2
        self.misses += missed
        self.coalesced += coalesced

    def count_model_call(self, *, rows: int, seconds: float) -> None:
        """Add one call of the model."""
        self.model_calls += 1
        self.model_rows += rows
        self.model_seconds += seconds

    @property
    def hit_ratio(self) -> float:
        """Hits over instances; 0 before the first."""
        hits = self.hits_l1 + self.hits_l2
        asked = hits + self.misses + self.coalesced
        return hits / asked if asked else 0.0
