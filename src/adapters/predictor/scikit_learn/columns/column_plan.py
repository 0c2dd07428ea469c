"""Column plan: how clients send a feature and how the model receives it, from what model and sidecar say of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from foreseen.adapters.predictor.column_facts.column_facts import MOST_VALUES, ColumnFacts
from foreseen.adapters.predictor.column_facts.known_values import facts_of_values
from foreseen.domain.model.model_input import ANY_NUMBER, DECLARED, ColumnForm
from foreseen.domain.values.signature import DATETIMES, FLOATS, DType, Feature

if TYPE_CHECKING:
    from foreseen.adapters.predictor.sidecar.sidecar import FeatureTable


@dataclass(frozen=True, slots=True)
class PlannedColumn:
    """One feature, and the columns that its values become.

    Attributes:
        is_open: whether its dtype is unknown, and so found by trial, or guessed.
        is_dropped: whether the model ignores it.
        hints: values known to a part behind a user's code: that code's results, not the feature's own values.
        has_made_up_values: whether the values to try the column with are made up, and not known to the model.
        doubt: a warning for the operator about what was inferred of it; empty for most.
    """

    feature: Feature
    forms: tuple[ColumnForm, ...]
    is_open: bool = False
    is_dropped: bool = False
    hints: tuple[object, ...] = ()
    has_made_up_values: bool = False
    doubt: str = ""

    @property
    def takes_any_number(self) -> bool:
        """Whether its values are numbers whose dtype does not matter to the model."""
        return self.feature.dtype == "float64" and self.forms[0].origin == ANY_NUMBER and not self.feature.shape

    def with_dtype(
        self, dtype: DType, values: Sequence[object], *, origin: str, is_guess: bool, form: str | None = None
    ) -> "PlannedColumn":
        """Return the plan of an open column with another dtype, and values of that dtype to try it with.

        Args:
            form: the dtype of the column in a frame; None for the one that pandas gives such values.
        """
        example = _fitting(self.feature.example, dtype)
        feature = replace(self.feature, dtype=dtype, values=tuple(values[:MOST_VALUES]), example=example)
        dtype_given = form or natural_form(dtype, missing=feature.missing)
        first = replace(self.forms[0], dtype=dtype_given, origin=origin, is_guess=is_guess)
        return replace(self, feature=feature, forms=tuple(replace(first, name=each.name) for each in self.forms))

    def allowed_missing(self) -> "PlannedColumn":
        """Return the column with missing values allowed, in pandas' form for these unless it has another."""
        feature = replace(self.feature, missing=True)
        plain, form = (natural_form(feature.dtype, missing=missing) for missing in (False, True))
        forms = tuple(replace(each, dtype=form) if each.dtype == plain else each for each in self.forms)
        return replace(self, feature=feature, forms=forms)

    def confirmed(self, origin: str) -> "PlannedColumn":
        """Return the column with its dtype no longer a guess."""
        return replace(self, forms=tuple(replace(form, is_guess=False, origin=origin) for form in self.forms))

    def declared_by(self, origin: str) -> "PlannedColumn":
        """Return the column with its dtype declared by something other than a sidecar, if it is declared at all."""
        forms = tuple(replace(form, origin=origin) if form.origin == DECLARED else form for form in self.forms)
        return replace(self, forms=forms)

    def without_made_up_values(self) -> "PlannedColumn":
        """Return the plan without values to try that the model does not know."""
        is_known = bool(self.hints) and not self.has_made_up_values
        return self if is_known else replace(self, feature=replace(self.feature, values=()))


def plan_column(
    name: str, own_names: Sequence[str], facts: ColumnFacts, table: "FeatureTable | None" = None
) -> PlannedColumn:
    """Plan one feature.

    Args:
        name: as clients write it.
        own_names: names of the model's columns that its values become; several for a tensor.
        facts: what the model says of the first of them.
        table: what the sidecar says of it; it overrides the model.
    Raises:
        ValueError: what is declared contradicts itself or the model.
    """
    facts = facts if table is None else _declared(name, facts, table)
    if facts.form == "category" and not facts.categories:
        raise ValueError(_without_categories(name, facts))
    is_open = facts.is_opaque and facts.dtype is None and not (table and table.shape)
    dtype = facts.dtype or "float64"
    feature = Feature(
        name,
        dtype=dtype,
        shape=tuple(table.shape) if table else (),
        missing=facts.takes_missing,
        example=_fitting(facts.example, dtype) if table is None or table.example is None else table.example,
        values=facts.values,
        known=facts.known,
    )
    form = ColumnForm(
        own_names[0] if own_names else name,
        dtype=_form(facts, dtype),
        categories=facts.categories,
        is_ordered=facts.is_ordered,
        missing="none" if facts.missing_is_none else "nan",
        rejects_unknown=facts.rejects_unknown,
        origin=facts.origin or ("" if is_open else ANY_NUMBER),
        is_guess=is_open,
    )
    forms = tuple(form if own == form.name else replace(form, name=own) for own in own_names)
    return PlannedColumn(feature, forms, is_open, facts.is_dropped, facts.hints, doubt=facts.doubt)


def _without_categories(name: str, facts: ColumnFacts) -> str:
    expected = "whether it is a pandas category, and its" if facts.is_doubtful else "its"
    other = ", or its own dtype where it is no category" if facts.is_doubtful else ""
    return (
        f"feature {name!r}: expected {expected} categories, which the model does not keep; list them in the sidecar: "
        f'dtype = "category", categories = […]{other}'
    )


def natural_form(dtype: DType, *, missing: bool) -> str:
    """Return the dtype that pandas gives a column of such values when it reads it from a file."""
    if dtype == "string":
        return "object"
    if dtype in DATETIMES:
        return f"datetime64[{_pandas_unit()}{', UTC' if dtype == 'datetime_tz' else ''}]"
    if missing and dtype not in FLOATS:
        return "object" if dtype == "bool" else "float64"
    return dtype


def _form(facts: ColumnFacts, dtype: DType) -> str:
    return facts.form or natural_form(dtype, missing=facts.takes_missing)


def _declared(name: str, facts: ColumnFacts, table: "FeatureTable") -> ColumnFacts:
    """Return the facts with those replaced that a sidecar declares."""
    from foreseen.adapters.predictor.sidecar.declared_dtype import declared_dtype  # noqa: PLC0415 - with the sidecar only

    if table.missing is not None:
        facts = replace(facts, takes_missing=table.missing)
    if table.dtype is None and table.categories is None:
        return facts
    declared = declared_dtype(table.dtype or "category")
    if table.categories is not None or declared.form == "category":
        return _declared_category(name, facts, table)
    if facts.is_doubtful:
        facts = replace(facts, form=None, categories=(), is_doubtful=False)
    if facts.form == "category" and facts.categories and declared.dtype != facts.dtype:
        raise ValueError(
            f"feature {name!r}: expected the dtype {facts.dtype}, as the model's categories are, got {table.dtype!r}"
        )
    if facts.form == "category" and facts.categories:
        return facts
    is_as_found = facts.dtype == declared.dtype
    values, known = (facts.values, facts.known) if is_as_found else ((), None)
    form = facts.form if is_as_found and declared.form is None else declared.form
    return replace(facts, dtype=declared.dtype, form=form, categories=(), values=values, known=known, origin=DECLARED)


def _declared_category(name: str, facts: ColumnFacts, table: "FeatureTable") -> ColumnFacts:
    categories = tuple(table.categories or facts.categories)
    if not categories:
        raise ValueError(f'feature {name!r}: expected its categories beside dtype = "category"')
    if table.dtype not in (None, "category"):
        raise ValueError(f'feature {name!r}: expected dtype = "category" beside categories, got {table.dtype!r}')
    found = facts_of_values(categories, origin=DECLARED)
    if found.dtype is None:
        raise ValueError(f"feature {name!r}: expected categories of one type, got {list(categories)}")
    return replace(
        facts,
        dtype=found.dtype,
        form="category",
        categories=categories,
        is_ordered=table.ordered,
        values=found.values,
        known=found.known,
        origin=DECLARED,
        is_doubtful=False,
    )


def _fitting(example: object, dtype: DType) -> object:
    """Return an example as a value of a dtype; None if it is not one."""
    if dtype == "string":
        return example if isinstance(example, str) else None
    if not isinstance(example, int | float) or dtype in DATETIMES or dtype == "bool":
        return None
    return float(example) if dtype in FLOATS else round(example)


def _pandas_unit() -> str:
    """Return the unit that this pandas gives dates: microseconds since version 3, nanoseconds before."""
    import pandas as pd  # noqa: PLC0415 - only needed for dates

    return str(pd.to_datetime(["2024-01-02"]).unit)
