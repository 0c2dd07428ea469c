"""Missing trial: whether a column whose dtype was found by trial may have missing values."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from foreseen.adapters.predictor.scikit_learn.columns.column_plan import PlannedColumn
from foreseen.adapters.predictor.scikit_learn.trial.dtype_options import MOST_COLUMNS
from foreseen.adapters.predictor.scikit_learn.trial.trial_calls import Outcome, TrialCalls

_UNHEARD_OF: Final[dict[str, object]] = {
    "string": "\N{SYMBOL FOR NULL} unheard of",
    "float64": 1099511627776.5,
    "int64": 1099511627777,
    "datetime": "1677-09-22T00:00:00",
    "datetime_tz": "1677-09-22T00:00:00Z",
}
"""Values that no encoder was fitted on."""


def with_missing_values(calls: TrialCalls, outcome: Outcome) -> Outcome:
    """Return the outcome with missing values allowed in the columns whose encoders know what becomes of them.

    A user's own code may fill a missing value, or turn it into a text; the encoder was fitted on the result then.
    """
    places = outcome.plan.open_columns
    if not outcome.is_answered or outcome.plan.takes == "array" or len(places) > MOST_COLUMNS:
        return outcome
    for at in places:
        column = outcome.plan.columns[at]
        if calls.is_spent:
            break
        if not column.feature.missing and _is_seen_by_encoder(calls, outcome, at):
            outcome = _allowed(calls, outcome, at)
    return outcome


def _is_seen_by_encoder(calls: TrialCalls, outcome: Outcome, at: int) -> bool:
    """Return whether the encoders know fewer values if the column has one that none was fitted on."""
    column = outcome.plan.columns[at]
    value = _UNHEARD_OF.get(column.feature.dtype)
    if value is None:
        return bool(column.hints)
    changed = replace(column, feature=replace(column.feature, values=(value,)))
    return calls.try_plan(outcome.plan.replacing({at: changed})).known < outcome.known


def _allowed(calls: TrialCalls, outcome: Outcome, at: int) -> Outcome:
    column = outcome.plan.columns[at]
    for missing in _with_missing(column):
        tried = replace(missing, feature=replace(missing.feature, values=(None, *column.feature.values)))
        if calls.is_spent:
            break
        found = calls.try_plan(outcome.plan.replacing({at: tried}))
        if found.is_answered and found.known >= outcome.known:
            return replace(outcome, plan=outcome.plan.replacing({at: missing}))
    return outcome


def _with_missing(column: PlannedColumn) -> Iterator[PlannedColumn]:
    """Yield a column with missing values in the forms that pandas has for them."""
    forms = {"int64": ("Int64",), "bool": ("object", "boolean")}.get(column.feature.dtype, (column.forms[0].dtype,))
    feature = replace(column.feature, missing=True)
    for dtype in forms:
        for missing in ("nan", "none") if dtype == "object" else ("nan",):
            form = replace(column.forms[0], dtype=dtype, missing=missing)
            yield replace(column, feature=feature, forms=tuple(replace(form, name=each.name) for each in column.forms))
