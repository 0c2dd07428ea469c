"""Trial: a model called a few times with made-up instances, to find out what it takes where nothing says so.

Calls are counted and never timed, so that every process finds the same.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from foreseen.adapters.predictor.scikit_learn.column_plan import PlannedColumn
from foreseen.adapters.predictor.scikit_learn.dtype_options import (
    BY_TRIAL,
    MOST_COLUMNS,
    ROWS,
    Options,
    first_guess,
    in_integers,
)
from foreseen.adapters.predictor.scikit_learn.input_plan import InputPlan
from foreseen.adapters.predictor.scikit_learn.witnesses import Witnesses
from foreseen.domain.batch import Batch
from foreseen.domain.errors import InvalidBatchError, ModelUnavailableError, PredictionError, UnanswerableError
from foreseen.domain.model_input import Takes
from foreseen.domain.probe import probe_batch
from foreseen.domain.signature import Feature, Signature

Call = Callable[[InputPlan, Batch], list[bytes]]
"""Calls the model with a batch in the form of a plan, and returns the encoded answers."""

_OF_DURATIONS: Final = re.compile(r"timedelta|\.dt accessor|total_seconds", re.IGNORECASE)
_DURATIONS: Final = (
    "; there is no dtype for durations: if it takes some, let it make them of numbers, for example by "
    'pd.to_timedelta(…, unit="s")'
)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How a model took a call.

    Attributes:
        rank: 2 where it answered, 1 where it refused the values, 0 where it failed.
        finished: how many of the user's own transformers came to their end.
        known: the share of values that its encoders know.
        answers: as clients read them, so that 1 is 1.0.
        error: what it said, where it did not answer.
    """

    plan: InputPlan
    rank: int
    finished: int = 0
    known: float = 1.0
    answers: tuple[object, ...] = ()
    error: str = ""

    def is_better_than(self, other: "_Outcome") -> bool:
        return (self.rank, self.finished, self.known) > (other.rank, other.finished, other.known)


def settled(model: Any, plans: Sequence[InputPlan], call: Call) -> InputPlan:
    """Return the plan to serve a model by: the most plausible that it answers to, with dtypes that were found out.

    Raises:
        ModelUnavailableError: it fails whatever it is given.
    """
    outcomes: list[_Outcome] = []
    for rows in (ROWS, 1):  # there are models that answer one instance at a time
        trial = _Trial(model, call, rows)
        tried = []
        for plan in plans:
            tried.append(trial.best(plan))
            if tried[-1].rank == 2:
                return trial.finished(tried[-1])
        best = max(tried, key=lambda outcome: outcome.rank)  # of equals the first
        if best.rank:
            return trial.finished(best)
        outcomes = outcomes or tried
    raise ModelUnavailableError(_all_failed(model, outcomes))


def _all_failed(model: Any, outcomes: Sequence[_Outcome]) -> str:
    tried = "; ".join(f"given {form_in_words(outcome.plan.takes)}: {outcome.error}" for outcome in outcomes)
    is_of_durations = _OF_DURATIONS.search(tried) is not None
    return (
        f"expected {type(model).__qualname__} to answer made-up instances, but it fails whatever it is given: {tried}; "
        "describe its input in a sidecar (takes, and the dtype of each feature)"
        + (_DURATIONS if is_of_durations else "")
    )


def form_in_words(takes: Takes) -> str:
    """Return what a model is given, as a message says it."""
    names = {"frame": "a DataFrame", "array": "an array", "texts": "a list of texts", "dicts": "a list of dicts"}
    return names.get(takes, "a tensor")


class _Trial:
    """The calls to one model, of so many rows each."""

    def __init__(self, model: Any, call: Call, rows: int) -> None:
        self._model = model
        self._call = call
        self._rows = rows
        self._witnesses: Witnesses | None = None
        self._known: tuple[object, ...] = ()  # values that its encoders know

    def best(self, plan: InputPlan) -> _Outcome:
        """Return how the model takes a plan, its open columns in the dtypes that it takes best."""
        places = plan.open_columns
        if not places:
            return self._ask(plan)
        if self._witnesses is None:
            self._witnesses = Witnesses(self._model)
            self._known = self._witnesses.values()
        plan = plan.replacing({at: first_guess(plan.columns[at], self._known) for at in places})
        outcome = self._ask(plan)
        if outcome.rank == 2 and outcome.known == 1.0 and self._in_integers(outcome, places).answers == outcome.answers:
            return outcome
        return self._searched(outcome)

    def _searched(self, best: _Outcome) -> _Outcome:
        """Try other dtypes, one column after the other, and several together while the model still fails.

        A change is kept where the call comes further with it.
        """
        # A part that comes first in a pipeline may have a column that comes last in the frame: gone through twice.
        for once_more in (False, True):
            if once_more and best.rank:
                break
            for changed in Options(best.plan, self._known, is_failing=not best.rank).one_by_one():
                best = self._better(best, changed)
        for changed in Options(best.plan, self._known, is_failing=True).together():
            if best.rank:
                break
            best = self._better(best, changed)
        return best

    def _better(self, best: _Outcome, changed: dict[int, PlannedColumn]) -> _Outcome:
        outcome = self._ask(best.plan.replacing(changed))
        return outcome if outcome.is_better_than(best) else best

    def finished(self, outcome: _Outcome) -> InputPlan:
        """Return the plan with what an operator should know of it, and without values that were made up."""
        plan = outcome.plan
        columns = {at: plan.columns[at] for at in plan.open_columns}
        doubts: list[str] = []
        for group in self._guesses_that_matter(outcome):
            if self._in_integers(outcome, group).known < outcome.known:
                columns |= {at: columns[at].confirmed(BY_TRIAL) for at in group}
            else:
                doubts.append(_doubt([columns[at].feature for at in group]))
        findings = [_finding(column.feature) for column in columns.values() if not column.forms[0].is_guess]
        kept = {at: column.without_made_up_values() for at, column in columns.items()}
        return replace(plan.replacing(kept), findings=tuple(findings), doubts=tuple(doubts))

    def _guesses_that_matter(self, outcome: _Outcome) -> list[list[int]]:
        """Return the columns that are taken for float64 and are answered otherwise as integers, in groups."""
        plan = outcome.plan
        guessed = [at for at in plan.open_columns if plan.columns[at].forms[0].is_guess]
        if outcome.rank < 2 or not guessed or self._in_integers(outcome, guessed).answers == outcome.answers:
            return []
        if self._ask(plan).answers != outcome.answers:  # it answers otherwise each time
            return []
        is_by_column = plan.takes != "array" and len(guessed) <= MOST_COLUMNS
        groups = [[at] for at in guessed] if is_by_column else [guessed]
        return [group for group in groups if self._in_integers(outcome, group).answers != outcome.answers]

    def _in_integers(self, outcome: _Outcome, places: Sequence[int]) -> _Outcome:
        """Return how the model takes integers in some columns, the same numbers as it was given in float64."""
        plan = outcome.plan
        return self._ask(plan.replacing(in_integers(plan, places, self._known)))

    def _ask(self, plan: InputPlan) -> _Outcome:
        batch = made_up(plan.signature, self._rows + (1 < plan.width == self._rows))
        if self._witnesses is None:
            return self._outcome(plan, batch)
        with self._witnesses.watching() as seen:
            outcome = self._outcome(plan, batch)
        return replace(outcome, finished=seen.finished, known=seen.known_share)

    def _outcome(self, plan: InputPlan, batch: Batch) -> _Outcome:
        try:
            return _Outcome(plan, 2, answers=tuple(json.loads(body) for body in self._call(plan, batch)))
        except UnanswerableError:  # it answered: what is wrong with that is another matter
            return _Outcome(plan, 2)
        except InvalidBatchError as exc:
            return _Outcome(plan, 1, error=str(exc))
        except PredictionError as exc:
            return _Outcome(plan, 0, error=str(exc).splitlines()[0])


def made_up(signature: Signature, n: int) -> Batch:
    """Make n instances of values that the model was fitted on, where it keeps some, and of plausible ones elsewhere."""
    plausible = probe_batch(signature, n)
    columns: dict[str, Any] = {}
    for feature, column in zip(signature.features, plausible.columns, strict=True):
        values = [value for value in feature.values if value is not None]
        columns[feature.name] = [values[row % len(values)] for row in range(n)] if values else column
    return Batch.of(signature, columns)


def _finding(feature: Feature) -> str:
    return (
        f"{feature.name}: {feature.dtype}, since with another dtype the model's own code fails, or its encoders do not "
        "know what becomes of the values"
    )


def _doubt(features: Sequence[Feature]) -> str:
    names = ", ".join(feature.name for feature in features[:5]) + (", …" if len(features) > 5 else "")
    return (
        f"{names}: the model's own code answers otherwise for integers than for float64, and nothing says which it was "
        f'fitted on; taken as float64; declare it in the sidecar: [[features]] name = "{features[0].name}", '
        'dtype = "int64" or "float64"'
    )
