"""Trial calls: a model called with made-up instances, counted, and what its parts showed meanwhile."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from foreseen.adapters.predictor.scikit_learn.inputs.input_plan import InputPlan
from foreseen.adapters.predictor.scikit_learn.trial.dtype_options import ROWS
from foreseen.adapters.predictor.scikit_learn.trial.trial_failures import Failures
from foreseen.adapters.predictor.scikit_learn.trial.trial_witnesses import Known, Witnesses
from foreseen.domain.errors import InvalidBatchError, PredictionError, UnanswerableError
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.probe import probe_batch
from foreseen.domain.values.signature import Signature

Call = Callable[[InputPlan, Batch], list[bytes]]
"""Calls the model with a batch in the form of a plan, and returns the encoded answers."""

MOST_CALLS: Final = 400
"""Calls of one model in one form, of four or five rows each; what is left then stays a guess."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a model took a call.

    Attributes:
        rank: 2 where it answered, 1 where it refused the values, 0 where it failed.
        finished: how many of the user's own transformers came to their end.
        known: the share of values that its encoders know.
        recognised: how many values the user's own transformers keep in a table.
        answers: as clients read them, so that 1 is 1.0.
    """

    plan: InputPlan
    rank: int
    finished: int = 0
    known: float = 1.0
    recognised: int = 0
    answers: tuple[object, ...] = ()

    @property
    def progress(self) -> tuple[int, int]:
        """How far the call came, whatever the encoders knew."""
        return self.rank, self.finished

    @property
    def merit(self) -> tuple[int, int, float, int]:
        """How far the call came, and what the model knew of the values."""
        return self.rank, self.finished, self.known, self.recognised

    @property
    def is_answered(self) -> bool:
        """Whether the model answered."""
        return self.rank == 2


class TrialCalls:
    """The calls to one model, of so many rows each."""

    def __init__(self, model: Any, call: Call, rows: int = ROWS) -> None:
        self._model = model
        self._call = call
        self._rows = rows
        self._witnesses: Witnesses | None = None
        self._left = MOST_CALLS
        self.known = Known()
        self.failures = Failures()

    @property
    def is_spent(self) -> bool:
        """Whether the model was called as often as it may be."""
        return self._left <= 0

    @property
    def has_tables(self) -> bool:
        """Whether the user's own code keeps values that it knows."""
        return self._witnesses is not None and self._witnesses.keeps_tables

    def watch(self) -> None:
        """Look at what the parts of the model know, from now on, and start to count."""
        self._left = MOST_CALLS
        if self._witnesses is None:
            self._witnesses = Witnesses(self._model)
            self.known = self._witnesses.known()

    def ask(self, plan: InputPlan) -> Outcome:
        """Return how the model takes made-up instances of a plan."""
        self._left -= 1
        batch = made_up(plan.signature, self._rows + (1 < plan.width == self._rows))
        if self._witnesses is None:
            return self._outcome(plan, batch)
        with self._witnesses.watching() as seen:
            outcome = self._outcome(plan, batch)
        return replace(outcome, finished=seen.finished, known=seen.known_share, recognised=seen.recognised)

    def _outcome(self, plan: InputPlan, batch: Batch) -> Outcome:
        try:
            return Outcome(plan, 2, answers=tuple(json.loads(body) for body in self._call(plan, batch)))
        except UnanswerableError:  # it answered: what is wrong with that is another matter
            return Outcome(plan, 2)
        except InvalidBatchError:
            return Outcome(plan, 1)
        except PredictionError as exc:
            self.failures.note(plan.takes, exc)
            return Outcome(plan, 0)


def made_up(signature: Signature, n: int) -> Batch:
    """Make n instances of values that the model was fitted on, where it keeps some, and of plausible ones elsewhere."""
    plausible = probe_batch(signature, n)
    columns: dict[str, Any] = {}
    for feature, column in zip(signature.features, plausible.columns, strict=True):
        values = feature.values
        columns[feature.name] = [values[row % len(values)] for row in range(n)] if values else column
    return Batch.of(signature, columns)
