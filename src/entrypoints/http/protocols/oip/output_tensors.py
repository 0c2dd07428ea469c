"""OutputTensor: one output of a model for all instances of a request, and how it becomes one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Final, cast

import msgspec

from foreseen.domain.values.json_type import Json
from foreseen.domain.values.output import PREDICTION, Output
from foreseen.domain.values.signature import Signature
from foreseen.entrypoints.http.protocols.oip.datatypes import BOOL, BYTES, FP64, INT64

VARIABLE: Final = -1
"""A length that is known only once the model answers."""


@dataclass(frozen=True, slots=True)
class OutputTensor:
    """The values of an output.

    Attributes:
        shape: the number of instances first.
        values: in row-major order; None where there is no value.
    """

    datatype: str
    shape: tuple[int, ...]
    values: Sequence[Json]


@dataclass(frozen=True, slots=True)
class OutputForm:
    """How an output of a model is sent.

    Attributes:
        name: as it is chosen with `outputs`: "predict".
        member: the member of an entry that has its value.
        datatype, shape: as the model is described, before it has answered; the shape has VARIABLE lengths.
        tensor_of: returns the tensor of one value for each instance.
    """

    name: str
    member: str
    datatype: str
    shape: tuple[int, ...]
    tensor_of: Callable[[Sequence[Json]], OutputTensor]


def output_form(output: Output, signature: Signature) -> OutputForm:
    """Return how an output is sent: labels as the model has them, numbers as FP64, everything else as it comes."""
    if output.is_label:
        datatype, known = _labels(output, signature)

        def of_labels(values: Sequence[Json]) -> OutputTensor:
            # A classifier may answer with what is no label, such as a list that it builds itself.
            is_label = all(isinstance(each, str) for each in values)
            if not is_label or (datatype != BYTES and not known.keys() >= set(values)):
                return _as_it_comes(values, of_numbers=False)
            return OutputTensor(datatype, (len(values),), [known.get(cast("str", each), each) for each in values])

        return OutputForm(output.name, output.member, datatype, (VARIABLE,), of_labels)
    if output.of_class and output.classes:
        return OutputForm(
            output.name,
            output.member,
            FP64,
            (VARIABLE, len(output.classes)),
            lambda values: _of_classes(output, values),
        )
    if signature.is_multilabel and output.member == PREDICTION:
        return OutputForm(output.name, output.member, INT64, (VARIABLE, len(output.classes)), _indicators)
    is_row = output.shape is None and output.member != PREDICTION
    rest = (VARIABLE,) if is_row else output.shape or ()
    return OutputForm(
        output.name,
        output.member,
        BYTES if output.dtype == "string" else FP64,
        (VARIABLE, *rest),
        lambda values: _as_it_comes(values, of_numbers=output.dtype == "float64"),
    )


def _labels(output: Output, signature: Signature) -> tuple[str, Mapping[str, Json]]:
    """Return the datatype of a model's labels, and the value of each by its text."""
    if output.classes != signature.classes or not signature.class_values:
        return BYTES, {}
    values = signature.class_values
    by_text = dict(zip(signature.classes, values, strict=True))
    kinds = set(map(type, values))
    if kinds == {bool}:
        return BOOL, by_text
    if kinds == {int} and all(-(2**63) <= cast("int", each) < 2**63 for each in values):
        return INT64, by_text
    if kinds <= {int, float}:
        return FP64, by_text
    return BYTES, {text: None for text, value in by_text.items() if value is None}


def _of_classes(output: Output, values: Sequence[Json]) -> OutputTensor:
    if not all(isinstance(each, Mapping) and len(each) == len(output.classes) for each in values):
        return _as_it_comes(values, of_numbers=True)
    numbers = [cast("Mapping[str, Json]", each)[label] for each in values for label in output.classes]
    return OutputTensor(FP64, (len(values), len(output.classes)), numbers)


def _indicators(values: Sequence[Json]) -> OutputTensor:
    """Return the labels of a multilabel model, which are numbers unless they were something else in training."""
    tensor = _as_it_comes(values, of_numbers=False)
    if tensor.datatype == BYTES and set(tensor.values) <= {"0", "1"}:
        return OutputTensor(INT64, tensor.shape, [int(cast("str", each)) for each in tensor.values])
    return tensor


def _as_it_comes(values: Sequence[Json], *, of_numbers: bool) -> OutputTensor:
    """Return a tensor of whatever JSON has: numbers, texts, or lists of them; anything else as texts with the JSON."""
    shape, flat = _flat(values)
    if flat is None:
        return OutputTensor(BYTES, (len(values),), list(map(_text, values)))
    kinds = set(map(type, flat))
    has_null = type(None) in kinds
    kinds.discard(type(None))
    if kinds <= {int, float}:
        is_integral = kinds == {int} and not has_null and not of_numbers
        if is_integral and all(-(2**63) <= cast("int", each) < 2**63 for each in flat):
            return OutputTensor(INT64, shape, flat)
        return OutputTensor(FP64, shape, flat)
    if kinds == {bool} and not has_null:
        return OutputTensor(BOOL, shape, flat)
    if kinds == {str}:
        return OutputTensor(BYTES, shape, flat)
    return OutputTensor(BYTES, shape, list(map(_text, flat)))


def _flat(values: Sequence[Json]) -> tuple[tuple[int, ...], list[Json] | None]:
    """Return the shape of lists within lists, and their values in order; None if they are ragged or have objects."""
    shape: list[int] = []
    flat = list(values)
    while True:
        lists = [each for each in flat if isinstance(each, list)]
        shape.append(len(flat))
        if not lists:
            return tuple(_lengths(shape)), None if any(isinstance(each, Mapping) for each in flat) else flat
        if len(lists) < len(flat) or len(set(map(len, lists))) > 1 or not lists[0]:
            return (), None
        flat = list(chain.from_iterable(lists))


def _lengths(totals: Sequence[int]) -> list[int]:
    """Return lengths of dimensions from how many values there are down to each."""
    return [totals[0], *(inner // outer for outer, inner in pairwise(totals))]


def _text(value: Json) -> Json:
    return value if value is None or isinstance(value, str) else msgspec.json.encode(value).decode()
