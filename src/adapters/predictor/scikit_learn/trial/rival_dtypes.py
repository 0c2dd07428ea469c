"""Rival dtypes: others that a model accepts as well as the one found, and what is reported of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from foreseen.adapters.predictor.scikit_learn.inputs.input_plan import InputPlan
from foreseen.adapters.predictor.scikit_learn.trial.dtype_options import (
    BY_TRIAL,
    TRIED,
    changes_of,
    groups,
    sidecar_name,
    whole_numbers,
    with_values,
)
from foreseen.adapters.predictor.scikit_learn.trial.trial_calls import Outcome, TrialCalls
from foreseen.adapters.predictor.scikit_learn.trial.value_readings import readings, reads_all
from foreseen.domain.values.signature import DATETIMES, DType

_NUMBERS: Final = frozenset({"float64", "int64", "bool"})
_UNITS: Final = ("datetime64[ns]", "datetime64[us]")
_ZONED: Final = "datetime64[us, UTC+05:30]"
"""A time zone that always differs from UTC, and needs no time zone database."""


_Verdict = Literal["worse", "alike", "differing", "rejected", "untried"]
"""The result for another dtype: the list of `_Rivals` that it belongs to, or "untried"."""


@dataclass(slots=True)
class _Rivals:
    """The other dtypes of a group of columns, as a sidecar writes them.

    Attributes:
        worse: the model's own code fails, or its encoders know fewer of the resulting values.
        alike: the answers are the same.
        differing: the answers differ.
        rejected: it may be right as well, but its values are rejected when they are sent.
    """

    worse: list[str] = field(default_factory=list)
    alike: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)

    @property
    def as_good(self) -> list[str]:
        """The dtypes that may be right as well."""
        return self.alike + self.differing + self.rejected

    def add(self, verdict: _Verdict, name: str) -> None:
        """Add a dtype to the list of a verdict."""
        if verdict != "untried":
            getattr(self, verdict).append(name)


def with_findings(calls: TrialCalls, outcome: Outcome) -> InputPlan:
    """Return the plan of an outcome with its findings, and with doubts where another dtype may be right as well."""
    plan = outcome.plan
    if not outcome.is_answered:
        return replace(_guessed(plan, plan.open_columns), doubts=(_rejected(plan),))
    if calls.try_plan(plan).answers != outcome.answers:  # its answers vary
        return _guessed(plan, [at for at in plan.open_columns if plan.columns[at].forms[0].is_guess])
    findings: list[str] = []
    doubtful: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    unknown: list[int] = []
    settled_for_all = _alike_for_all(calls, outcome)
    for group in groups(plan):
        found = _rivals(calls, outcome, group, settled_for_all)
        is_unknown = outcome.known < 1 and bool(found.as_good)
        if found.as_good or calls.is_spent:
            plan = _guessed(
                plan, group, is_doubt=bool(found.differing) or is_unknown or not _is_found(plan, group, found)
            )
        if found.differing:
            chosen = sidecar_name(plan.columns[group[0]])
            doubtful.setdefault((chosen, tuple(found.differing)), []).extend(group)
        elif is_unknown:
            unknown += group
        elif _is_found(plan, group, found):
            plan = _confirmed(plan, group)
            findings += [_finding(plan, at, found) for at in group]
    doubts = [_doubt(plan, places, chosen, others) for (chosen, others), places in doubtful.items()]
    doubts += [_nothing_known(plan, unknown, outcome.known)] if unknown else []
    return replace(plan, findings=tuple(findings), doubts=tuple(doubts))


def _is_found(plan: InputPlan, group: Sequence[int], found: _Rivals) -> bool:
    """Return whether the trial determined a dtype; a float64 is worth reporting only if integers fail."""
    return "int64" in found.worse if plan.columns[group[0]].feature.dtype == "float64" else bool(found.worse)


def _guessed(plan: InputPlan, places: Sequence[int], *, is_doubt: bool = True) -> InputPlan:
    """Return a plan with columns marked as guesses, and with `is_doubt` their dtypes as well."""
    columns = {}
    for at in places:
        column = plan.columns[at]
        forms = tuple(replace(form, is_guess=True, origin="") for form in column.forms) if is_doubt else column.forms
        columns[at] = replace(column, forms=forms, feature=replace(column.feature, is_guess=True))
    return plan.replacing(columns)


def _confirmed(plan: InputPlan, places: Sequence[int]) -> InputPlan:
    return plan.replacing({at: plan.columns[at].confirmed(BY_TRIAL) for at in places})


def _alike_for_all(calls: TrialCalls, outcome: Outcome) -> frozenset[DType]:
    """Return the number dtypes that all open columns can have at once with the same answers.

    Most models compute with numbers, and a call for each of their columns would reveal no more.
    """
    places = outcome.plan.open_columns
    if len(places) < 2 or any(outcome.plan.columns[at].feature.dtype != "float64" for at in places):
        return frozenset()
    return frozenset(dtype for dtype in ("int64", "bool") if (_compared(calls, outcome, places, dtype) == "alike"))


def _rivals(calls: TrialCalls, outcome: Outcome, group: Sequence[int], settled_for_all: frozenset[DType]) -> _Rivals:
    found = _Rivals()
    chosen = outcome.plan.columns[group[0]].feature.dtype
    for dtype in sorted(TRIED, key=lambda dtype: dtype not in _NUMBERS):
        # To scikit-learn a matrix of dates is one of integers: that it answers proves nothing.
        if dtype == chosen or (chosen in _NUMBERS and dtype in DATETIMES and not found.differing):
            continue
        if chosen == "float64" and dtype == "string" and not (found.worse or found.differing):
            continue  # any number will do: text is rejected with a message
        verdict = "alike" if dtype in settled_for_all else _compared(calls, outcome, group, dtype)
        # Text is rejected with a message where numbers are expected: no warning if the number dtypes agree.
        if verdict == "differing" and chosen in _NUMBERS and dtype not in _NUMBERS and not found.differing:
            verdict = "rejected"
        found.add(verdict, dtype)
    if chosen in DATETIMES:
        for form in _other_forms(outcome.plan, group):
            found.add(_compared_in_form(calls, outcome, group, form), form)
    return found


def _compared(calls: TrialCalls, outcome: Outcome, group: Sequence[int], dtype: DType) -> _Verdict:
    """Return which list of rivals a dtype belongs to."""
    chosen = outcome.plan.columns[group[0]].feature.dtype
    tried = [calls.try_plan(plan) for plan in _plans(calls, outcome, group, dtype) if not calls.is_spent]
    if not tried:  # some values known behind the columns cannot have this dtype
        return "untried" if calls.is_spent else "rejected"
    best = max(tried, key=lambda each: each.merit)  # of equals the first
    if best.merit < outcome.merit:
        return "worse"
    if {chosen, dtype} <= DATETIMES:  # many answers are the same in UTC, and differ in another time zone
        best = calls.try_plan(_in_a_zone(best.plan if dtype == "datetime_tz" else outcome.plan, group))
    if not {chosen, dtype} <= _NUMBERS:
        return _verdict(outcome, best)
    values = (1, 0) if "bool" in (chosen, dtype) else whole_numbers(outcome.plan.columns[group[0]].feature)
    mine, other = (calls.try_plan(_in_numbers(outcome.plan, group, each, values)) for each in (chosen, dtype))
    return "worse" if other.merit < mine.merit else _verdict(mine, other)


def _plans(calls: TrialCalls, outcome: Outcome, group: Sequence[int], dtype: DType) -> Iterator[InputPlan]:
    """Yield plans with a group in another dtype: with its own values if they can have it, and with others."""
    plan = outcome.plan
    own = [plan.columns[at].feature.values for at in group]
    values = [readings(each, dtype) if reads_all(each, dtype) else () for each in own]
    if all(values):
        changed = plan
        for at, each in zip(group, values, strict=True):
            changed = with_values(changed, [at], dtype, each)
        yield changed
    for change in changes_of(plan, group, dtype, calls.known, in_full=True):
        yield plan.replacing(change)


def _in_numbers(plan: InputPlan, group: Sequence[int], dtype: DType, values: Sequence[float]) -> InputPlan:
    return with_values(plan, group, dtype, [bool(value) for value in values] if dtype == "bool" else values)


def _verdict(mine: Outcome, other: Outcome) -> _Verdict:
    return "alike" if other.answers == mine.answers else "differing"


def _other_forms(plan: InputPlan, group: Sequence[int]) -> list[str]:
    """Return dates in another unit, and in a time zone that is not UTC."""
    form = plan.columns[group[0]].forms[0].dtype
    zone = ", UTC" if plan.columns[group[0]].feature.dtype == "datetime_tz" else ""
    return [other for unit in _UNITS if (other := unit.replace("]", f"{zone}]")) != form]


def _compared_in_form(calls: TrialCalls, outcome: Outcome, group: Sequence[int], form: str) -> _Verdict:
    if calls.is_spent:
        return "untried"
    other = calls.try_plan(_in_form(outcome.plan, group, form))
    return "worse" if other.merit < outcome.merit else _verdict(outcome, other)


def _in_a_zone(plan: InputPlan, group: Sequence[int]) -> InputPlan:
    return _in_form(plan, group, _ZONED)


def _in_form(plan: InputPlan, group: Sequence[int], form: str) -> InputPlan:
    columns = {}
    for at in group:
        column = plan.columns[at]
        columns[at] = replace(column, forms=tuple(replace(each, dtype=form) for each in column.forms))
    return plan.replacing(columns)


def _finding(plan: InputPlan, at: int, found: _Rivals) -> str:
    column = plan.columns[at]
    also = f"; {_listed(found.alike, 'and')} would get the same answers" if found.alike else ""
    return (
        f"{column.feature.name}: {sidecar_name(column)}, since with {_listed(found.worse, 'or')} the model's own code "
        f"fails, or its encoders do not know the resulting values{also}"
    )


def _doubt(plan: InputPlan, places: Sequence[int], chosen: str, others: Sequence[str]) -> str:
    return (
        f"{_names(plan, places)}: nothing says what the model was fitted on, and its own code answers differently for "
        f"{_listed(others, 'or')} than for {chosen}; taken as {chosen}; {_line(plan, places, [*others, chosen])}"
    )


def _nothing_known(plan: InputPlan, places: Sequence[int], share: float) -> str:
    return (
        f"{_names(plan, places)}: nothing says what the model was fitted on, and its encoders know {share:.0%} of what "
        f"its own code makes of made-up values, whichever dtype they have; "
        f"{_line(plan, places, [sidecar_name(plan.columns[places[0]])])}"
    )


def _rejected(plan: InputPlan) -> str:
    places = plan.open_columns
    return (
        f"{_names(plan, places)}: nothing says what the model was fitted on, and it rejects made-up values of each "
        f"dtype that was tried; {_line(plan, places, [sidecar_name(plan.columns[places[0]])])}"
    )


def _line(plan: InputPlan, places: Sequence[int], names: Sequence[str]) -> str:
    quoted = [f'"{name}"' for name in names]
    return (
        f'declare it in the sidecar: [[features]] name = "{plan.columns[places[0]].feature.name}", '
        f"dtype = {_listed(quoted, 'or')}"
    )


def _names(plan: InputPlan, places: Sequence[int]) -> str:
    shown = ", ".join(plan.columns[at].feature.name for at in places[:5])
    return shown + (", …" if len(places) > 5 else "")


def _listed(names: Sequence[str], word: str) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"
