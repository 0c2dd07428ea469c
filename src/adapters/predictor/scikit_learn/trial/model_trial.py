"""Trial: a model called a few times with made-up instances, to find out what it takes where nothing says so.

Calls are counted and never timed, so that every process finds the same.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from foreseen.adapters.predictor.scikit_learn.columns.column_plan import PlannedColumn
from foreseen.adapters.predictor.scikit_learn.inputs.input_plan import InputPlan
from foreseen.adapters.predictor.scikit_learn.trial.dtype_options import ROWS, changes, changes_together, first_guess
from foreseen.adapters.predictor.scikit_learn.trial.missing_trial import with_missing_values
from foreseen.adapters.predictor.scikit_learn.trial.rival_dtypes import weighed
from foreseen.adapters.predictor.scikit_learn.trial.trial_calls import Call, Outcome, TrialCalls
from foreseen.adapters.predictor.scikit_learn.trial.trial_failures import Failures
from foreseen.domain.errors import ModelUnavailableError

_OF_DURATIONS: Final = re.compile(r"timedelta|\.dt accessor|total_seconds", re.IGNORECASE)
_DURATIONS: Final = (
    "; there is no dtype for durations: if it takes some, let it make them of numbers, for example by "
    'pd.to_timedelta(…, unit="s")'
)


def settled(model: Any, plans: Sequence[InputPlan], call: Call) -> InputPlan:
    """Return the plan to serve a model by: the most plausible that it answers to, with dtypes that were found out.

    Raises:
        ModelUnavailableError: it fails whatever it is given.
    """
    refusing: InputPlan | None = None
    trials = [TrialCalls(model, call, rows) for rows in (ROWS, 1)]  # there are models that answer one at a time
    for calls in trials:
        tried = []
        for plan in plans:
            tried.append(_best(calls, plan))
            if tried[-1].is_answered:
                return _finished(calls, tried[-1])
        best = max(tried, key=lambda outcome: outcome.rank)  # of equals the first
        if best.rank and refusing is None:
            refusing = _finished(calls, best)
    if refusing is not None:
        return refusing
    raise ModelUnavailableError(_all_failed(model, trials[0].failures))


def _all_failed(model: Any, failures: Failures) -> str:
    tried = failures.in_words()
    is_of_durations = _OF_DURATIONS.search(tried) is not None
    return (
        f"expected {type(model).__qualname__} to answer made-up instances, but it fails whatever it is given: {tried}; "
        "describe its input in a sidecar (takes, and the dtype of each feature)"
        + (_DURATIONS if is_of_durations else "")
    )


def _best(calls: TrialCalls, plan: InputPlan) -> Outcome:
    """Return how the model takes a plan, its open columns in the dtypes that it takes best."""
    places = plan.open_columns
    if not places:
        return calls.ask(plan)
    calls.watch()
    best = calls.ask(plan.replacing({at: first_guess(plan.columns[at], calls.known) for at in places}))
    # A part that comes first in a pipeline may have a column that comes last in the frame: gone through twice.
    for _ in range(2):
        before = best
        best = _searched(calls, best, changes(best.plan, calls.known))
        if best is before:
            break
    return _searched(calls, best, changes_together(best.plan, calls.known), is_joint=True)


def _searched(
    calls: TrialCalls, best: Outcome, tried: Iterator[dict[int, PlannedColumn]], *, is_joint: bool = False
) -> Outcome:
    """Return the best of several changes, each kept where the call comes further with it.

    Args:
        is_joint: whether to stop where the model answers and its encoders know all that they are given.
    """
    for changed in tried:
        is_content = best.is_answered and best.known == 1.0 and (is_joint or not calls.has_tables)
        if is_content or calls.is_spent:
            break
        outcome = calls.ask(best.plan.replacing(changed))
        # A call that fails says that a dtype is wrong; one that does not, only by values that the model knows: what
        # its encoders know of made-up ones is chance.
        is_made_up = any(column.has_made_up_values for column in changed.values())
        if outcome.progress > best.progress if is_made_up else outcome.merit > best.merit:
            best = outcome
    return best


def _finished(calls: TrialCalls, outcome: Outcome) -> InputPlan:
    """Return the plan with what an operator should know of it, and without values that were made up."""
    if not outcome.plan.open_columns:
        return outcome.plan
    calls.watch()  # counted from the start
    plan = weighed(calls, with_missing_values(calls, outcome))
    return plan.replacing({at: plan.columns[at].without_made_up_values() for at in plan.open_columns})
