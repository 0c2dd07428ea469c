"""InputPlan: one way in which a model may be served: what clients send, and what the model is given for it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from foreseen.adapters.predictor.scikit_learn.columns.column_plan import PlannedColumn
from foreseen.domain.model.model_input import ModelInput, Takes
from foreseen.domain.values.signature import ExtraFields, Kind, Signature


@dataclass(frozen=True, slots=True)
class InputPlan:
    """One way in which a model may be served.

    Attributes:
        knows_names: whether the model knows its columns by name.
        ignored: names of columns that the model drops.
        findings: what trial calls determined about columns, one sentence each.
        doubts: guesses where another dtype would give other answers, one sentence each.
    """

    columns: tuple[PlannedColumn, ...]
    takes: Takes
    kind: Kind = "other"
    classes: tuple[str, ...] = ()
    class_values: tuple[str | int | float | bool | None, ...] = ()
    is_multilabel: bool = False
    extra_fields: ExtraFields = "reject"
    ignored: tuple[str, ...] = ()
    knows_names: bool = False
    is_dmatrix: bool = False
    findings: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def open_columns(self) -> Sequence[int]:
        """The indices of the columns whose dtype is unknown."""
        return [place for place, column in enumerate(self.columns) if column.is_open]

    @property
    def width(self) -> int:
        """The number of columns that the model is given."""
        return sum(column.feature.size for column in self.columns)

    @property
    def signature(self) -> Signature:
        """What clients send, and what kind of answer they receive."""
        features = tuple(column.feature for column in self.columns)
        return Signature(
            features,
            self.kind,
            self.classes,
            is_multilabel=self.is_multilabel,
            ignored=self.ignored,
            extra_fields=self.extra_fields,
            class_values=self.class_values,
        )

    @property
    def model_input(self) -> ModelInput:
        """What the model is given."""
        is_by_tensor = self.takes == "tensors"
        # A frame of polars has the features' names, since its code goes by names even where the model knows none.
        is_renamed = self.takes == "polars" and not self.knows_names
        return ModelInput(
            self.takes,
            tuple(
                replace(form, name=column.feature.name) if is_renamed else form
                for column in self.columns
                for form in column.forms[: 1 if is_by_tensor else None]
            ),
            is_dmatrix=self.is_dmatrix,
            shapes=tuple(column.feature.shape for column in self.columns) if is_by_tensor else (),
            findings=self.findings,
            doubts=self.doubts,
        )

    def replacing(self, columns: Mapping[int, PlannedColumn]) -> "InputPlan":
        """Return the plan with other columns at these indices."""
        return replace(self, columns=tuple(columns.get(at, column) for at, column in enumerate(self.columns)))

    def with_doubts(self, doubts: Iterable[str]) -> "InputPlan":
        """Return the plan with further doubts."""
        return replace(self, doubts=(*self.doubts, *doubts))

    def without_dropped(self) -> "InputPlan":
        """Return the plan without the columns that the model ignores, which clients need not send."""
        kept = tuple(column for column in self.columns if not column.is_dropped)
        dropped = tuple(column.feature.name for column in self.columns if column.is_dropped)
        return replace(self, columns=kept, ignored=dropped)
