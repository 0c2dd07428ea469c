"""Predictions: what a model answered to a batch, and the bytes that its clients receive."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from foreseen.domain.errors import PredictionError
from foreseen.domain.values.labelled_rows import LabelledRows, joined_rows

Json = str | float | int | bool | None | Sequence["Json"] | Mapping[str, "Json"]
"""A value that JSON can represent."""


_PLAIN: Final = {str, float, int, bool, type(None)}
"""Types whose values are all JSON, apart from numbers that are not finite."""


@dataclass(frozen=True, slots=True)
class Predictions:
    """n answers, number i to instance i, in plain Python values.

    Attributes:
        outputs: one sequence of n values for each name that an answer shows, such as "prediction".
    """

    outputs: dict[str, Sequence[Json]]

    def __len__(self) -> int:
        return len(next(iter(self.outputs.values())))

    def take(self, rows: Sequence[int]) -> "Predictions":
        """Return the answers with these numbers, in this order; a number may occur twice."""
        return Predictions({name: _taken(answers, rows) for name, answers in self.outputs.items()})

    def first(self, n: int) -> "Predictions":
        """Return the first n answers."""
        return Predictions({name: answers[:n] for name, answers in self.outputs.items()})

    def check(self) -> None:
        """Check that these can be encoded, without encoding them in the usual case.

        Raises:
            PredictionError: as `encode`.
        """
        counts = {len(answers) for answers in self.outputs.values()}
        if not all(map(_is_plain, self.outputs.values())) or len(counts) > 1:
            self.encode()

    def encode(self) -> list[bytes]:
        """Return each answer as a JSON object; a number that is not finite becomes null.

        Raises:
            PredictionError: JSON cannot represent an answer, or one output answers more instances than another.
        """
        names = list(self.outputs)
        if len({len(answers) for answers in self.outputs.values()}) > 1:
            counts = ", ".join(f"{len(answers)} of {name}" for name, answers in self.outputs.items())
            raise PredictionError(f"expected the same number of answers for each output, got {counts}")
        return [_encode(dict(zip(names, row, strict=True))) for row in zip(*self.outputs.values(), strict=True)]


@dataclass(frozen=True, slots=True)
class EncodedPredictions:
    """n answers, number i to instance i, that were encoded where they were computed.

    Attributes:
        bodies: one JSON object each.
    """

    bodies: Sequence[bytes]

    def __len__(self) -> int:
        return len(self.bodies)

    def encode(self) -> list[bytes]:
        """Return the JSON objects, one per answer."""
        return list(self.bodies)


def decoded(bodies: Sequence[bytes]) -> Predictions:
    """Return predictions as plain values from n >= 1 encoded answers of one model."""
    answers = json.loads(b"[" + b",".join(bodies) + b"]")
    return Predictions({name: [answer[name] for answer in answers] for name in answers[0]})


def joined_predictions(parts: Sequence[Predictions]) -> Predictions:
    """Concatenate answers of one model; parts without outputs are left out."""
    parts = [part for part in parts if part.outputs]
    if len(parts) < 2:
        return parts[0] if parts else Predictions({})
    names = parts[0].outputs
    return Predictions({name: _joined([part.outputs[name] for part in parts]) for name in names})


def _joined(parts: Sequence[Sequence[Json]]) -> Sequence[Json]:
    return joined_rows(parts) or list(chain.from_iterable(parts))


def _taken(answers: Sequence[Json], rows: Sequence[int]) -> Sequence[Json]:
    return answers.take(rows) if isinstance(answers, LabelledRows) else [answers[row] for row in rows]


def _is_plain(answers: Sequence[Json]) -> bool:
    return isinstance(answers, LabelledRows) or set(map(type, answers)) <= _PLAIN


def _encode(answer: dict[str, Json]) -> bytes:
    try:
        try:
            text = json.dumps(answer, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        except ValueError:
            text = json.dumps(finite(answer), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode()
    except (TypeError, ValueError) as exc:
        raise PredictionError(f"expected the model to answer with numbers, strings or lists of them: {exc}") from exc


def finite(value: Json) -> Json:
    """Return a value with every number that is not finite replaced by None, since JSON has no such numbers."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: finite(part) for name, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [finite(part) for part in value]
    return value
