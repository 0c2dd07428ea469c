"""Summary: what a scoring run did, for a person and for a program."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from foreseen.domain.bulk.bulk import Tier
from foreseen.domain.predict import Predict
from foreseen.domain.tables.notices import Notice
from foreseen.domain.tables.table import Scored
from foreseen.settings import Settings


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did; of a run that went on where another was broken off, rows and rejects are those of both.

    Attributes:
        model: its name.
        fingerprint: of the model, in hexadecimal.
        rows: rows that were scored.
        rejected: rows that could not be.
        rows_before: rows of these that had been scored before the run went on.
        hits: rows that a tier answered, by its name.
        repeated: rows that were equal to one that was computed with them.
        model_rows: rows that the model computed.
        model_seconds: what that took, all threads together.
        wall_seconds: what the run took, the start of the process left out.
        cache: which tiers there were, "auto" before it where they were used only where that paid.
        decided: what was decided of each tier in the end, and from what.
        notices: what it came across that lost no row, by kind and column.
        error: why the run failed, or was interrupted; None where it came to its end.
    """

    model: str
    fingerprint: str
    rows: int
    rejected: int
    rows_before: int
    hits: Mapping[str, int]
    repeated: int
    model_rows: int
    model_seconds: float
    wall_seconds: float
    cache: str
    decided: Mapping[str, str] = field(default_factory=dict)
    notices: Sequence[Notice] = ()
    error: str | None = None

    @classmethod
    def of(
        cls,
        predict: Predict,
        scored: Scored,
        *,
        before: Scored,
        seconds: float,
        settings: Settings,
        notices: Sequence[Notice] = (),
        error: str | None = None,
    ) -> "Summary":
        """Sum up a run.

        Args:
            before: how far an earlier run had come.
            error: why it failed.
        """
        tally = predict.tally
        return cls(
            model=settings.model_name,
            fingerprint=predict.predictor.info.fingerprint.hex(),
            rows=scored.rows,
            rejected=scored.rejected,
            rows_before=before.rows,
            hits={"L1": tally.hits_l1, "L2": tally.hits_l2},
            repeated=tally.coalesced,
            model_rows=tally.model_rows,
            model_seconds=round(tally.model_seconds, 3),
            wall_seconds=round(seconds, 3),
            cache=_cache_text(settings),
            decided=told(predict.tiers),
            notices=tuple(notices),
            error=error,
        )

    @classmethod
    def of_no_model(cls, error: str, *, seconds: float, settings: Settings) -> "Summary":
        """Sum up a run that failed before its model was loaded."""
        return cls(
            model=settings.model_name,
            fingerprint="",
            rows=0,
            rejected=0,
            rows_before=0,
            hits={"L1": 0, "L2": 0},
            repeated=0,
            model_rows=0,
            model_seconds=0.0,
            wall_seconds=round(seconds, 3),
            cache=_cache_text(settings),
            error=error,
        )

    def as_json(self) -> bytes:
        """Give it for a program."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2).encode() + b"\n"

    def lines(self) -> list[tuple[str, str]]:
        """Give it for a person: what, and how much."""
        here = self.rows - self.rows_before
        rate = f", {here / self.wall_seconds:,.0f} a second" if self.wall_seconds else ""
        lines = [("rows", f"{self.rows:,} in {self.wall_seconds:.1f} s{rate}")]
        if self.rows_before:
            lines.append(("resumed", f"after {self.rows_before:,} rows"))
        lines.append(("rejected", f"{self.rejected:,}"))
        lines += [(f"hits {tier}", _share(hits, here)) for tier, hits in self.hits.items() if hits]
        lines.append(("repeated", _share(self.repeated, here)))
        lines.append(("computed", f"{_share(self.model_rows, here)} in {self.model_seconds:.1f} s of the model"))
        lines.append(("cache", self.cache))
        lines += [(f"  {tier}", said) for tier, said in self.decided.items()]
        lines.append(("model", f"{self.model}, fingerprint {self.fingerprint[:12]}"))
        return lines


def told(tiers: Sequence[Tier]) -> dict[str, str]:
    """Say what was decided of each tier."""
    return {tier.origin.value: tier.payoff.told() for tier in tiers}


def _cache_text(settings: Settings) -> str:
    return ("auto: " if settings.cache == "auto" else "") + settings.tiers


def _share(count: int, of: int) -> str:
    return f"{count:,} ({count / of:.1%})" if of else f"{count:,}"
