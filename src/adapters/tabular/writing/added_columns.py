"""The columns that answers add to a table, and their values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from foreseen.domain.values.batch import Column
from foreseen.domain.values.json_type import Json
from foreseen.domain.values.labelled_rows import LabelledRows
from foreseen.domain.values.output import PREDICTION, Output, prediction_first
from foreseen.domain.values.predictions import Predictions


@dataclass(frozen=True, slots=True)
class AddedColumn:
    """A column of one output's values.

    Attributes:
        output: the member of an answer that contains the values.
        label: the class whose part of the output it is; None for the whole output.
        of_label: the member of a JSON object that contains the parts of all classes; empty for the whole output.
        is_text: whether each of its values is text.
        constant: the value of every row, for a column without an output; None otherwise.
    """

    name: str
    output: str = ""
    label: str | None = None
    of_label: str = ""
    is_text: bool = False
    constant: str | None = None

    @property
    def member(self) -> str:
        """The member of a JSON object that contains it: one for the parts of all classes."""
        return self.of_label or self.name

    def values(self, predictions: Predictions) -> Sequence[Json] | Column:
        """Return its values, one per row."""
        if self.constant is not None:
            return [self.constant] * len(predictions)
        answers = predictions.outputs[self.output]
        if self.label is None:
            return answers
        if isinstance(answers, LabelledRows):
            return answers.column(self.label)
        # The answer is an object by class.
        return [cast("Mapping[str, Json]", answer)[self.label] for answer in answers]


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
