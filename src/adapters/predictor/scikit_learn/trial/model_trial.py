"""Trial: a few calls of a model with made-up instances, to find what it accepts where this is unknown.

Calls are counted, never timed, so that every process finds the same.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from foreseen.adapters.predictor.library_model import LibraryModel, shown_name
from foreseen.adapters.predictor.scikit_learn.columns.column_plan import PlannedColumn
from foreseen.adapters.predictor.scikit_learn.inputs.input_plan import InputPlan
from foreseen.adapters.predictor.scikit_learn.trial.dtype_options import ROWS, changes, changes_together, first_guess
from foreseen.adapters.predictor.scikit_learn.trial.missing_trial import with_missing_values
from foreseen.adapters.predictor.scikit_learn.trial.rival_dtypes import with_findings
from foreseen.adapters.predictor.scikit_learn.trial.trial_calls import Call, Outcome, TrialCalls
from foreseen.adapters.predictor.scikit_learn.trial.trial_failures import Failures
from foreseen.domain.errors import ModelUnavailableError

_OF_DURATIONS: Final = re.compile(r"timedelta|\.dt accessor|total_seconds", re.IGNORECASE)
_DURATIONS: Final = (
    "; there is no dtype for durations: if it takes some, let it make them of numbers, for example by "
    'pd.to_timedelta(…, unit="s")'
)


def plan_by_trial(model: object, plans: Sequence[InputPlan], call: Call) -> InputPlan:
    """Return the plan to serve a model by: the most plausible one that it answers, with the dtypes found.

    Raises:
        ModelUnavailableError: it fails with every plan.
    """
    rejecting: InputPlan | None = None
    trials = [TrialCalls(model, call, rows) for rows in (ROWS, 1)]  # there are models that answer one at a time
    for calls in trials:
        tried = []
        for plan in plans:
            tried.append(_best(calls, plan))
            if tried[-1].is_answered:
                return _finished(calls, tried[-1])
        best = max(tried, key=lambda outcome: outcome.rank)  # the first of equals
        if best.rank and rejecting is None:
            rejecting = _finished(calls, best)
    if rejecting is not None:
        return rejecting
    raise ModelUnavailableError(_all_failed(model, trials[0].failures))


def _all_failed(model: object, failures: Failures) -> str:
    tried = failures.in_words()
    is_of_durations = _OF_DURATIONS.search(tried) is not None
    unknown = (
        "dtype and example of each feature"
        if isinstance(model, LibraryModel)
        else "takes, and the dtype of each feature"
    )
    return (
        f"expected {shown_name(model)} to answer made-up instances, but it fails whatever it is given: {tried}; "
        f"describe its input in a sidecar ({unknown})" + (_DURATIONS if is_of_durations else "")
    )


def _best(calls: TrialCalls, plan: InputPlan) -> Outcome:
    """Return the best outcome for a plan, by trying dtypes for its open columns."""
    places = plan.open_columns
    if not places:
        return calls.try_plan(plan)
    calls.observe()
    best = calls.try_plan(plan.replacing({at: first_guess(plan.columns[at], calls.known) for at in places}))
    # Twice, since the first part of a pipeline may use the last column of the frame.
    for _ in range(2):
        before = best
        best = _searched(calls, best, changes(best.plan, calls.known))
        if best is before:
            break
    return _searched(calls, best, changes_together(best.plan, calls.known), is_joint=True)


def _searched(
    calls: TrialCalls, best: Outcome, tried: Iterator[dict[int, PlannedColumn]], *, is_joint: bool = False
) -> Outcome:
    """Return the best outcome of several changes; each is kept if the call gets further with it.

    Args:
        is_joint: whether to stop once the model answers and its encoders know all values.
    """
    for changed in tried:
        is_content = best.is_answered and best.known == 1.0 and (is_joint or not calls.has_tables)
        if is_content or calls.is_spent:
            break
        outcome = calls.try_plan(best.plan.replacing(changed))
        # A call that fails shows that a dtype is wrong. One that succeeds shows something only with values that the
        # model knows: which made-up ones its encoders know is chance.
        is_made_up = any(column.has_made_up_values for column in changed.values())
        if outcome.progress > best.progress if is_made_up else outcome.merit > best.merit:
            best = outcome
    return best


def _finished(calls: TrialCalls, outcome: Outcome) -> InputPlan:
    """Return the plan with findings and doubts for the operator, and without values that were made up."""
    if not outcome.plan.open_columns:
        return outcome.plan
    calls.observe()  # resets the count
    plan = with_findings(calls, with_missing_values(calls, outcome))
    return plan.replacing({at: plan.columns[at].without_made_up_values() for at in plan.open_columns})
