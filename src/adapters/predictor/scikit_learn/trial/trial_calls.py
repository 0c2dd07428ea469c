"""Trial calls: counted calls of a model with made-up instances, and what its parts reveal meanwhile."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from foreseen.adapters.predictor.scikit_learn.inputs.input_plan import InputPlan
from foreseen.adapters.predictor.scikit_learn.trial.dtype_options import ROWS
from foreseen.adapters.predictor.scikit_learn.trial.observed_parts import Known, ObservedParts
from foreseen.adapters.predictor.scikit_learn.trial.trial_failures import Failures
from foreseen.domain.errors import InvalidBatchError, PredictionError, UnanswerableError
from foreseen.domain.values.batch import Batch, Column
from foreseen.domain.values.probe import probe_batch
from foreseen.domain.values.signature import Signature

Call = Callable[[InputPlan, Batch], list[bytes]]
"""Calls the model with a batch in the form of a plan, and returns the encoded answers."""

MOST_CALLS: Final = 400
"""Maximum calls of one model in one form, of four or five rows each; what is still unknown then stays a guess."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one call.

    Attributes:
        rank: 2 if the model answered, 1 if it rejected the values, 0 if it failed.
        finished: how many of the user's own transformers completed.
        known: the share of values that its encoders know, 0 to 1.
        recognised: how many values are in lookup tables of the user's own transformers.
        answers: as clients read them, so that 1 equals 1.0.
    """

    plan: InputPlan
    rank: int
    finished: int = 0
    known: float = 1.0
    recognised: int = 0
    answers: tuple[object, ...] = ()

    @property
    def progress(self) -> tuple[int, int]:
        """How far the call got, whatever the encoders knew."""
        return self.rank, self.finished

    @property
    def merit(self) -> tuple[int, int, float, int]:
        """How far the call got, and how many of the values the model knew."""
        return self.rank, self.finished, self.known, self.recognised

    @property
    def is_answered(self) -> bool:
        """Whether the model answered."""
        return self.rank == 2


class TrialCalls:
    """The calls of one model, with the same number of rows each."""

    def __init__(self, model: object, call: Call, rows: int = ROWS) -> None:
        self._model = model
        self._call = call
        self._rows = rows
        self._observed: ObservedParts | None = None
        self._left = MOST_CALLS
        self.known = Known()
        self.failures = Failures()

    @property
    def is_spent(self) -> bool:
        """Whether the model was called MOST_CALLS times."""
        return self._left <= 0

    @property
    def has_tables(self) -> bool:
        """Whether the user's own code keeps lookup tables."""
        return self._observed is not None and self._observed.keeps_tables

    def observe(self) -> None:
        """Observe the parts of the model from now on, and reset the count of calls."""
        self._left = MOST_CALLS
        if self._observed is None:
            self._observed = ObservedParts(self._model)
            self.known = self._observed.known()

    def try_plan(self, plan: InputPlan) -> Outcome:
        """Call the model with made-up instances of a plan, and return the outcome."""
        self._left -= 1
        batch = made_up(plan.signature, self._rows + (1 < plan.width == self._rows))
        if self._observed is None:
            return self._outcome(plan, batch)
        with self._observed.observing() as seen:
            outcome = self._outcome(plan, batch)
        return replace(outcome, finished=seen.finished, known=seen.known_share, recognised=seen.recognised)

    def _outcome(self, plan: InputPlan, batch: Batch) -> Outcome:
        try:
            return Outcome(plan, 2, answers=tuple(json.loads(body) for body in self._call(plan, batch)))
        except UnanswerableError:  # it answered; what is wrong with the answer is reported elsewhere
            return Outcome(plan, 2)
        except InvalidBatchError:
            return Outcome(plan, 1)
        except PredictionError as exc:
            self.failures.note(plan.takes, exc)
            return Outcome(plan, 0)


def made_up(signature: Signature, n: int) -> Batch:
    """Return n instances, with values that the model was fitted on if it keeps some, otherwise with plausible ones."""
    plausible = probe_batch(signature, n)
    columns: dict[str, Sequence[object] | Column] = {}
    for feature, column in zip(signature.features, plausible.columns, strict=True):
        values = feature.values
        columns[feature.name] = [values[row % len(values)] for row in range(n)] if values else column
    return Batch.of(signature, columns)
