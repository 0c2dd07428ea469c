"""The columns that answers add to a table, and their values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from foreseen.domain.values.batch import Column
from foreseen.domain.values.labelled_rows import LabelledRows
from foreseen.domain.values.output import PREDICTION, Output, prediction_first
from foreseen.domain.values.predictions import Json, Predictions


@dataclass(frozen=True, slots=True)
class AddedColumn:
    """A column that is made of one output.

    Attributes:
        output: the member of an answer that it is made of.
        label: the class whose part of the output it is; None for all of it.
        of_label: the member of an object that holds the parts of all classes; empty where it is all of the output.
        is_text: whether each of its values is text.
        constant: what each row has, where it is made of no output.
    """

    name: str
    output: str = ""
    label: str | None = None
    of_label: str = ""
    is_text: bool = False
    constant: str | None = None

    @property
    def member(self) -> str:
        """The member of an object that holds it: the parts of all classes are one."""
        return self.of_label or self.name

    def values(self, predictions: Predictions) -> Sequence[Json] | Column:
        """Return its values, a row each."""
        if self.constant is not None:
            return [self.constant] * len(predictions)
        answers: Any = predictions.outputs[self.output]
        if self.label is None:
            return answers  # type: ignore[no-any-return]
        if isinstance(answers, LabelledRows):
            return answers.column(self.label)
        return [answer[self.label] for answer in answers]


def added_columns(outputs: Sequence[Output], *, prediction: str = PREDICTION) -> list[AddedColumn]:
    """Return the columns that answers with these outputs add: the prediction, then the number of each class.

    Args:
        prediction: the name of the first; any other than the default also prefixes the names of the others.
    """
    return [column for output in prediction_first(outputs) for column in _columns_of(output, prediction)]


def _columns_of(output: Output, prediction: str) -> list[AddedColumn]:
    if output.member == PREDICTION:
        return [AddedColumn(prediction, PREDICTION, is_text=output.is_label)]
    before = "" if prediction == PREDICTION else f"{prediction}_"
    whole = f"{before}{output.member}"
    if not output.of_class or not output.classes:
        return [AddedColumn(whole, output.member, is_text=output.is_label)]
    names = [(label, f"{before}{output.of_class}_{label}") for label in output.classes]
    return [AddedColumn(name, output.member, label, whole) for label, name in names]


def members_of(added: Sequence[AddedColumn]) -> list[str]:
    """Return the names of the members that objects have for such columns."""
    by_class = dict.fromkeys(column.member for column in added if column.label is not None)
    return [*(column.name for column in added if column.label is None), *by_class]
