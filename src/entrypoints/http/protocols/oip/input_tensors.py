"""InputTensors: the instances that tensors hold: one tensor for each feature, or a matrix of all features."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from foreseen.domain.did_you_mean import did_you_mean
from foreseen.domain.errors import InvalidBatchError, Violation
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.feature_values import read_value
from foreseen.domain.values.shown_value import shown_name
from foreseen.domain.values.signature import FLOATS, MAX_EXACT_INTEGER, Feature, Signature
from foreseen.entrypoints.http.protocols.oip.datatypes import Tensor, Values, bad_request
from foreseen.entrypoints.http.requests.instance_schema import MAX_VIOLATIONS
from foreseen.entrypoints.http.requests.request_instances import InstanceReader

_Columns = Mapping[str, Values | None]
"""The values of each feature, n of its shape; None if it is missing in all instances."""

_SHORT: Final = 4
"""Bytes of integers that are always exact as a float64."""


class InputTensors:
    """Reads instances from tensors."""

    def __init__(self, signature: Signature) -> None:
        self._signature = signature
        self._features = {feature.name: feature for feature in signature.features}
        self._reader = InstanceReader(signature)

    async def read(self, tensors: Sequence[Tensor]) -> Batch:
        """Return the instances; yield the event loop while there are many.

        Raises:
            Rejection: the tensors are not those of the model (400).
            InvalidBatchError: a value does not fit the model.
        """
        columns = self._whole(tensors[0]) if len(tensors) == 1 else None
        if columns is None:
            columns = self._by_name(tensors)
        n = next(len(values) for values in columns.values() if values is not None)
        return await self._reader.many_in_turns(range(n), lambda rows: self._batch(columns, rows[0], rows[-1] + 1))

    def _whole(self, tensor: Tensor) -> _Columns | None:
        """Return the columns of a tensor that is all of the instances, under any name; None for another."""
        features = self._signature.features
        feature = self._features.get(tensor.name) or features[0]
        fitting = _fitting(feature, tensor.values)
        if len(features) == 1:
            return None if fitting is None else {feature.name: fitting}
        shape = tensor.values.shape
        if self._signature.has_tensors or len(shape) != 2 or shape[1] != len(features):
            return None
        if tensor.name in self._features and fitting is not None:
            return None
        return {each.name: tensor.values[:, place] for place, each in enumerate(features)}

    def _by_name(self, tensors: Sequence[Tensor]) -> _Columns:
        columns: dict[str, Values | None] = dict.fromkeys(self._features)
        length, first = 0, ""
        for tensor in tensors:
            feature = self._features.get(tensor.name)
            if feature is None:
                self._check_other(tensor, is_lone=len(tensors) == 1)
                continue
            values = _fitting(feature, tensor.values)
            if values is None:
                expected = _shapes(feature)
                raise bad_request(f"inputs.{tensor.name}.shape: expected {expected}, got {_shown(tensor)}")
            if first and len(values) != length:
                got = f"{length} ({first}) and {len(values)} ({tensor.name})"
                raise bad_request(f"inputs: expected tensors of the same number of instances, got {got}")
            length, first = len(values), tensor.name
            columns[tensor.name] = values
        absent = [name for name, values in columns.items() if values is None and not self._features[name].is_optional]
        if absent or not first:
            names, lacking = ", ".join(self._features), (absent or list(columns))[0]
            raise bad_request(f"inputs: expected a tensor of each feature ({names}), got none of {lacking}")
        return columns

    def _check_other(self, tensor: Tensor, *, is_lone: bool) -> None:
        """Raise Rejection (400) for a tensor of no feature, unless the model ignores such fields."""
        if tensor.name in self._signature.ignored or (self._signature.extra_fields == "ignore" and not is_lone):
            return
        features = self._signature.features
        names = ", ".join(self._features)
        place = f"inputs.{shown_name(tensor.name)}"
        if is_lone and len(features) == 1:
            raise bad_request(f"{place}.shape: expected {_shapes(features[0])}, got {_shown(tensor)}")
        if is_lone and not self._signature.has_tensors:
            expected = f"a matrix of shape [n, {len(features)}], or a tensor of each feature ({names})"
            raise bad_request(f"{place}: expected {expected}, got shape {_shown(tensor)}")
        hint = did_you_mean(tensor.name, self._signature.names)
        said = f"{place}: expected a tensor of a feature ({names}), got another"
        raise bad_request(f"{said}; {hint}" if hint else said)

    def _batch(self, columns: _Columns, start: int, end: int) -> Batch:
        """Return the batch of some instances."""
        violations: list[Violation] = []
        read: dict[str, Sequence[object] | Values] = {}
        for name, feature in self._features.items():
            values = columns[name]
            if values is None:
                read[name] = [None] * (end - start)
                continue
            part = values[start:end]
            read[name] = part if _is_plain(feature, part) else _each(feature, part, violations)
        if violations:
            violations.sort(key=lambda violation: violation.row or 0)
            raise InvalidBatchError(violations[:MAX_VIOLATIONS])
        return Batch.of(self._signature, read)


def _is_plain(feature: Feature, values: Values) -> bool:
    """Return whether `Batch` makes of an array what `read_value` makes of each of its values, and accepts all."""
    kind = values.dtype.kind
    if feature.dtype in FLOATS:
        if kind == "f":
            return bool(np.isfinite(values).all()) and _fit_into(feature, values)
        return kind == "b" or (kind in "iu" and (values.dtype.itemsize <= _SHORT or _are_exact(values)))
    if feature.dtype == "bool":
        return kind == "b"
    if feature.is_integral and kind in "iu":
        low, high = feature.bounds
        return low <= int(values.min()) and int(values.max()) <= high
    return False


def _fit_into(feature: Feature, values: Values) -> bool:
    if feature.dtype == "float64" or values.dtype.itemsize <= _SHORT:
        return True
    with np.errstate(over="ignore"):
        return bool(np.isfinite(values.astype(np.float32)).all())


def _are_exact(values: Values) -> bool:
    return int(values.min()) >= -MAX_EXACT_INTEGER and int(values.max()) <= MAX_EXACT_INTEGER


def _each(feature: Feature, values: Values, violations: list[Violation]) -> list[object]:
    """Return values as they are read from JSON; add to the violations."""
    read: list[object] = []
    for row, value in enumerate(values.tolist()):
        try:
            read.append(read_value(feature, value))
        except InvalidBatchError as exc:
            violations += [replace(violation, row=row) for violation in exc.violations]
            if len(violations) >= MAX_VIOLATIONS:
                break
    return read


def _fitting(feature: Feature, values: Values) -> Values | None:
    """Return values as n of the shape of a feature; None if they have another shape."""
    if values.shape[1:] == feature.shape:
        return values
    return values.reshape(-1) if not feature.shape and values.shape[1:] == (1,) else None


def _shapes(feature: Feature) -> str:
    if not feature.shape:
        return "[n] or [n, 1]"
    return "[n, " + ", ".join(map(str, feature.shape)) + "]"


def _shown(tensor: Tensor) -> str:
    return str(list(tensor.values.shape))
