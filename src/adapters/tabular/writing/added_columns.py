"""The columns that answers add to a table, and their values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from foreseen.domain.values.batch import Column
from foreseen.domain.values.labelled_rows import LabelledRows
from foreseen.domain.values.predictions import Json, Predictions

_PROBABILITY: Final = "probability_"
_PROBABILITIES: Final = "probabilities"


@dataclass(frozen=True, slots=True)
class AddedColumn:
    """A column that is made of one output.

    Attributes:
        output: as an answer names it.
        label: the class whose part of the output it is; None for all of it.
        constant: what each row has, where it is made of no output.
    """

    name: str
    output: str = ""
    label: str | None = None
    constant: str | None = None

    @property
    def member(self) -> str:
        """The member of an object that holds it: the probabilities of all classes are one."""
        return self.name if self.label is None else self.name.removesuffix(_PROBABILITY + self.label) + self.output

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


def added_columns(
    outputs: Sequence[str], classes: Sequence[str], *, prediction: str = "prediction"
) -> list[AddedColumn]:
    """Return the columns that these outputs add: the prediction, then the probability of each class.

    Args:
        prediction: the name of the first; any other than the default also prefixes the names of the others.
    """
    columns = [AddedColumn(prediction, "prediction")] if "predict" in outputs else []
    if "predict_proba" in outputs:
        before = "" if prediction == "prediction" else f"{prediction}_"
        by_class = [AddedColumn(f"{before}{_PROBABILITY}{label}", _PROBABILITIES, label) for label in classes]
        columns += by_class or [AddedColumn(f"{before}{_PROBABILITIES}", _PROBABILITIES)]
    return columns


def members_of(added: Sequence[AddedColumn]) -> list[str]:
    """Return the names of the members that objects have for such columns."""
    by_class = dict.fromkeys(column.member for column in added if column.label is not None)
    return [*(column.name for column in added if column.label is None), *by_class]
