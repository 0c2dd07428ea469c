"""Output: one member of a model's answers, as the model describes it before it has answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

PREDICTION: Final = "prediction"
"""The member that comes first wherever members are listed, and whose column may be renamed."""


@dataclass(frozen=True, slots=True)
class Output:
    """What a model returns for each instance, under one name.

    Attributes:
        name: as an operator chooses it, and as it is part of the namespace: "predict".
        member: the member of an answer that contains it: "prediction".
        dtype: of its values; None if they may be anything that JSON can represent.
        shape: of the value of one instance; None if that is known only when the model answers.
        classes: the labels that its texts, or its numbers by label, may have; empty if none are known.
        of_class: the word for the number of one class, such as "probability"; empty if it has no number per class.
    """

    name: str
    member: str
    dtype: Literal["string", "float64"] | None = None
    shape: tuple[int, ...] | None = None
    classes: tuple[str, ...] = ()
    of_class: str = ""

    @property
    def is_label(self) -> bool:
        """Whether its value is one of its classes, as text."""
        return bool(self.classes) and self.dtype == "string" and self.shape == ()


def prediction_first(outputs: Sequence[Output]) -> list[Output]:
    """Return outputs in the order in which they are listed, whatever the order in which they were chosen."""
    return sorted(outputs, key=lambda output: output.member != PREDICTION)
