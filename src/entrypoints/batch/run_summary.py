"""Summary: the figures of a scoring run, for people and for programs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from foreseen.domain.bulk.bulk import BulkPredict, Tier
from foreseen.domain.tables.notices import Notice
from foreseen.domain.tables.table import Scored
from foreseen.settings import Settings


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of a run; rows and rejects of a resumed run include those from before it was resumed.

    Attributes:
        model: name of the model.
        fingerprint: fingerprint of the model, in hexadecimal.
        format: format of the model's file, and whether code of the file ran when it was loaded.
        rows: rows scored.
        rejected: rows that could not be scored.
        rows_before: those of the rows that were scored before the run was resumed.
        hits: rows answered by a tier, by its name.
        repeated: rows that got the answer of an equal row in the same call.
        model_rows: rows computed by the model.
        model_seconds: seconds of model calls, summed over threads.
        wall_seconds: seconds of the run, without the start of the process.
        cache: the tiers, after "auto: " if they were used only where that paid.
        decided: the last decision about each tier with its figures, by the tier's name.
        notices: findings that lost no row, by kind and column.
        error: why the run failed or was interrupted; None if it succeeded.
    """

    model: str
    fingerprint: str
    format: str
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
        predict: BulkPredict,
        scored: Scored,
        *,
        before: Scored,
        seconds: float,
        settings: Settings,
        notices: Sequence[Notice] = (),
        error: str | None = None,
    ) -> "Summary":
        """Return the summary of a run.

        Args:
            before: the rows scored by an earlier run.
            error: why the run failed; None if it did not.
        """
        tally = predict.tally
        return cls(
            model=settings.model_name,
            fingerprint=predict.predictor.info.fingerprint.hex(),
            format=str(predict.predictor.info.loaded_from),
            rows=scored.rows,
            rejected=scored.rejected,
            rows_before=before.rows,
            hits={"L1": tally.hits_l1, "L2": tally.hits_l2},
            repeated=tally.coalesced,
            model_rows=tally.model_rows,
            model_seconds=round(tally.model_seconds, 3),
            wall_seconds=round(seconds, 3),
            cache=_cache_text(settings),
            decided=decisions(predict.tiers),
            notices=tuple(notices),
            error=error,
        )

    @classmethod
    def of_no_model(cls, error: str, *, seconds: float, settings: Settings) -> "Summary":
        """Return the summary of a run that failed before its model was loaded."""
        return cls(
            model=settings.model_name,
            fingerprint="",
            format="",
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
        """Return the summary as a JSON document, UTF-8."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2).encode() + b"\n"

    def lines(self) -> list[tuple[str, str]]:
        """Return the summary as lines of a table: a label, and its figure in words."""
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
        if self.format:
            lines.append(("format", self.format))
        return lines


def decisions(tiers: Sequence[Tier]) -> dict[str, str]:
    """Return the decision about each tier in words, by the tier's name."""
    return {tier.origin.value: tier.use.in_words() for tier in tiers}


def _cache_text(settings: Settings) -> str:
    return ("auto: " if settings.cache == "auto" else "") + settings.tiers.name


def _share(count: int, of: int) -> str:
    return f"{count:,} ({count / of:.1%})" if of else f"{count:,}"
