"""Determinism: whether a model gives the same instance the same answer again, and beside others."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from foreseen.domain.batch import Batch
from foreseen.domain.errors import ForeseenError, PredictionError
from foreseen.domain.ports import Predictor
from foreseen.domain.probe import probe_batch

ROWS: Final = 8
"""Made-up instances that a model is asked for."""

CALLS: Final[Sequence[tuple[int, ...]]] = (
    (0,),
    (0,),
    tuple(range(ROWS)),
    tuple(range(ROWS)),
    tuple(reversed(range(ROWS))),
    (1, 2, 3),
    (5,),
)
"""Rows of each call: the same batches twice, and then others; the cheapest first, which tell what the next cost."""


@dataclass(frozen=True, slots=True)
class Difference:
    """An instance that got two answers.

    Attributes:
        instance: its values by feature, as JSON.
        first, then: both answers, as JSON.
    """

    instance: str
    first: str
    then: str

    def __str__(self) -> str:
        """Word it in one line, cutting what is long."""
        instance, first, then = (_cut(text) for text in (self.instance, self.first, self.then))
        return f"{instance} got {first}, and then {then}"


def _cut(text: str) -> str:
    return text if len(text) <= 200 else text[:199] + "…"


@dataclass(frozen=True, slots=True)
class Determinism:
    """What a few made-up instances showed.

    Attributes:
        is_repeatable: the same batches got the same bytes twice.
        is_batch_invariant: each instance got the same bytes in every batch.
        refusal: why the model could not be asked; empty when it could.
        difference: the first instance that got another answer; None when none did.
    """

    is_repeatable: bool
    is_batch_invariant: bool
    refusal: str = ""
    difference: Difference | None = field(default=None, compare=False)


def determinism(
    predictor: Predictor, *, budget_s: float = 30.0, clock: Callable[[], float] = time.perf_counter
) -> Determinism:
    """Ask a model for the same instances again, in the same batches and in others.

    Args:
        budget_s: seconds that may be spent; a model too slow for all CALLS is judged by the first of them, two at the
            least.
    """
    seen = _Seen(predictor, probe_batch(predictor.signature, ROWS))
    start = clock()
    try:
        for count, rows in enumerate(CALLS):
            spent_s = clock() - start
            if count >= 2 and spent_s + len(rows) * spent_s / count > budget_s:
                break
            seen.ask(rows)
    except ForeseenError as exc:
        return Determinism(is_repeatable=False, is_batch_invariant=False, refusal=str(exc))
    return seen.verdict()


class _Seen:
    """What a model has answered so far, and where it contradicted itself first."""

    def __init__(self, predictor: Predictor, probe: Batch) -> None:
        self._predictor = predictor
        self._probe = probe
        self._by_batch: dict[tuple[int, ...], list[bytes]] = {}
        self._by_row: dict[int, bytes] = {}
        self._again: Difference | None = None
        self._beside_others: Difference | None = None

    def ask(self, rows: tuple[int, ...]) -> None:
        """Ask for these rows of the probe, and compare; raise as the predictor."""
        bodies = self._predictor.predict(self._probe.take(rows)).encode()
        if len(bodies) != len(rows):
            raise PredictionError(f"expected {len(rows)} predictions from the model, got {len(bodies)}")
        before = self._by_batch.setdefault(rows, bodies)
        for row, first, then in zip(rows, before, bodies, strict=True):
            known = self._by_row.setdefault(row, first)
            if first != then:
                self._again = self._again or self._difference(row, first, then)
            elif known != then:
                self._beside_others = self._beside_others or self._difference(row, known, then)

    def verdict(self) -> Determinism:
        """Tell what was seen."""
        return Determinism(
            is_repeatable=self._again is None,
            is_batch_invariant=self._again is self._beside_others is None,
            difference=self._again or self._beside_others,
        )

    def _difference(self, row: int, first: bytes, then: bytes) -> Difference:
        names = self._predictor.signature.names
        values = [column[row : row + 1].tolist()[0] for column in self._probe.columns]
        instance = json.dumps(dict(zip(names, values, strict=True)), ensure_ascii=False)
        return Difference(instance, first.decode(), then.decode())
