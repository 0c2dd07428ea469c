"""Determinism: whether a model gives the same instance the same answer again, and in other batches."""

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from foreseen.domain.errors import ForeseenError, PredictionError
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.predictions import EncodedPredictions, Predictions
from foreseen.domain.values.probe import probe_batch
from foreseen.domain.values.signature import Signature

ROWS: Final = 8
"""Made-up instances that a model is called with."""

BATCHES: Final[Sequence[tuple[int, ...]]] = (
    (0,),
    (0,),
    tuple(range(ROWS)),
    tuple(range(ROWS)),
    tuple(reversed(range(ROWS))),
    (1, 2, 3),
)
"""Rows of the batches that are predicted: two of them twice, then others.

All of them, however long they take: a verdict that depended on the time would differ between a quiet machine and a busy
one.
"""


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
        """Return it in one line, with long values cut."""
        instance, first, then = (_cut(text) for text in (self.instance, self.first, self.then))
        return f"{instance} got {first}, and then {then}"


def _cut(text: str) -> str:
    return text if len(text) <= 200 else text[:199] + "…"


@dataclass(frozen=True, slots=True)
class Determinism:
    """The result of calling a model with a few made-up instances.

    Attributes:
        is_repeatable: the same batches got the same bytes twice.
        is_batch_invariant: each instance got the same bytes in every batch.
        rejection: why the model could not be called; empty if it could.
        difference: the first instance that got another answer; None when none did.
        row_s: least seconds per instance in these calls; 0 if the model rejected them.
    """

    is_repeatable: bool
    is_batch_invariant: bool
    rejection: str = ""
    difference: Difference | None = field(default=None, compare=False)
    row_s: float = field(default=0.0, compare=False)


UNIFORM: Final = Determinism(is_repeatable=True, is_batch_invariant=True)
"""Every instance got the same answer each time."""


def determinism(predict: Callable[[Batch], Predictions | EncodedPredictions], signature: Signature) -> Determinism:
    """Predict the same made-up instances again, in the same batches and in others, and compare the answers."""
    seen = _Seen(predict, probe_batch(signature, ROWS))
    try:
        for rows in BATCHES:
            seen.add(rows)
    except ForeseenError as exc:
        return Determinism(is_repeatable=False, is_batch_invariant=False, rejection=str(exc))
    return seen.verdict()


class _Seen:
    """What a model has answered so far, and where it contradicted itself first."""

    def __init__(self, predict: Callable[[Batch], Predictions | EncodedPredictions], probe: Batch) -> None:
        self._predict = predict
        self._probe = probe
        self._by_batch: dict[tuple[int, ...], list[bytes]] = {}
        self._by_row: dict[int, bytes] = {}
        self._again: Difference | None = None
        self._beside_others: Difference | None = None
        self._row_s = math.inf

    def add(self, rows: tuple[int, ...]) -> None:
        """Predict these rows of the probe, and compare; raise what the predictor raises."""
        began = time.perf_counter()
        bodies = self._predict(self._probe.take(rows)).encode().comparable
        self._row_s = min(self._row_s, (time.perf_counter() - began) / len(rows))
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
        """Return what was seen."""
        return Determinism(
            is_repeatable=self._again is None,
            is_batch_invariant=self._again is self._beside_others is None,
            difference=self._again or self._beside_others,
            row_s=self._row_s,
        )

    def _difference(self, row: int, first: bytes, then: bytes) -> Difference:
        names = self._probe.signature.names
        values = [column[row : row + 1].tolist()[0] for column in self._probe.columns]
        instance = json.dumps(dict(zip(names, values, strict=True)), ensure_ascii=False)
        return Difference(instance, first.decode(), then.decode())
