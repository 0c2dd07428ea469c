"""Predictions: what a model answered to a batch, and the bytes that its clients receive."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from foreseen.domain.errors import PredictionError
from foreseen.domain.values.json_type import Json
from foreseen.domain.values.labelled_rows import LabelledRows, joined_rows
from foreseen.domain.values.null_kinds import finite, null_kinds, with_numbers

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

    def encode(self) -> "EncodedPredictions":
        """Return each answer as a JSON object, in which a number that is not finite is null.

        Raises:
            PredictionError: JSON cannot represent an answer, or one output answers more instances than another.
        """
        names = list(self.outputs)
        if len({len(answers) for answers in self.outputs.values()}) > 1:
            counts = ", ".join(f"{len(answers)} of {name}" for name, answers in self.outputs.items())
            raise PredictionError(f"expected the same number of answers for each output, got {counts}")
        nulls: dict[int, bytes] = {}
        bodies = []
        for row, values in enumerate(zip(*self.outputs.values(), strict=True)):
            body, kinds = _encode(dict(zip(names, values, strict=True)))
            bodies.append(body)
            if kinds:
                nulls[row] = kinds
        return EncodedPredictions(bodies, nulls)


@dataclass(frozen=True, slots=True)
class EncodedPredictions:
    """n answers, number i to instance i, that were encoded where they were computed.

    Attributes:
        bodies: one JSON object each.
        nulls: by the number of an answer, what its nulls stand for, as `null_kinds` says; answers without numbers that
            are not finite are left out.
    """

    bodies: list[bytes]
    nulls: Mapping[int, bytes] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.bodies)

    @property
    def comparable(self) -> list[bytes]:
        """Bytes of each answer that are equal if and only if the answers are, NaN and Infinity apart."""
        return [body + self.nulls.get(row, b"") for row, body in enumerate(self.bodies)] if self.nulls else self.bodies

    def encode(self) -> "EncodedPredictions":
        """Return these."""
        return self


def decoded(encoded: EncodedPredictions) -> Predictions:
    """Return predictions as plain values from n >= 1 encoded answers of one model."""
    answers = json.loads(b"[" + b",".join(encoded.bodies) + b"]")
    for row, kinds in encoded.nulls.items():
        answers[row] = with_numbers(answers[row], kinds)
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


def _encode(answer: dict[str, Json]) -> tuple[bytes, bytes]:
    """Return an answer as JSON, and what its nulls stand for."""
    kinds = b""
    try:
        try:
            text = json.dumps(answer, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        except ValueError:  # a number that is not finite, or a list within itself
            text = json.dumps(finite(answer), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
            kinds = null_kinds(answer)
        return text.encode(), kinds
    except (TypeError, ValueError) as exc:
        raise PredictionError(f"expected the model to answer with numbers, strings or lists of them: {exc}") from exc
