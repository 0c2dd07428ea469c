"""InstanceSchema: checks instances as JSON objects, all at once if they are plain, and otherwise value by value."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from types import GenericAlias
from typing import Annotated, Any, NotRequired, cast

from pydantic import AfterValidator, Field, ValidationError

from foreseen.domain.did_you_mean import did_you_mean
from foreseen.domain.errors import InvalidBatchError, Violation
from foreseen.domain.values.datetimes import nanoseconds
from foreseen.domain.values.feature_values import read_value
from foreseen.domain.values.shown_value import shown, shown_name
from foreseen.domain.values.signature import DATETIMES, FLOATS, MAX_EXACT_INTEGER, RESERVED_NAMES, Feature, Signature
from foreseen.entrypoints.http.requests.made_types import adapter_of, object_type

MAX_VIOLATIONS = 20
"""Maximum number of violations reported per request."""


class InstanceSchema:
    """Checks instances given as objects.

    Attributes:
        type, row_type: the types of a plain instance for pydantic, as an object and as a row; `read_value` accepts all
            of these, returns the same values for them, and accepts more.
        lone_type: the type of a plain instance that is a whole body, in which further names are reserved.
    """

    def __init__(self, signature: Signature) -> None:
        self._signature = signature
        self._known = frozenset((*signature.names, *signature.ignored))
        self._accepts_others = signature.extra_fields == "ignore"
        types = [_type(feature) for feature in signature.features]
        fields = {
            feature.name: NotRequired[each] if feature.is_optional else each
            for feature, each in zip(signature.features, types, strict=True)
        }
        ignored = dict.fromkeys(set(signature.ignored) - RESERVED_NAMES, NotRequired[object])
        # Otherwise a reader that ignores unknown fields could read one instance in a body, and another reader many.
        reserved = dict.fromkeys(RESERVED_NAMES, NotRequired[Annotated[object, AfterValidator(_reject)]])
        self.type = self._object(fields | ignored)
        self.lone_type = self._object(fields | ignored | reserved)
        self.row_type: object = GenericAlias(tuple, tuple(types))
        self._plain = adapter_of(GenericAlias(list, (self.type,)))

    def _object(self, fields: dict[str, object]) -> object:
        # The functional form takes names that are no Python identifiers, such as "sepal length (cm)".
        return object_type("Instance", fields, extra="ignore" if self._accepts_others else "forbid")

    def check(self, instances: Sequence[object]) -> list[dict[str, object]]:
        """Return the instances with the values that `read_value` returns; missing values may be absent.

        Raises:
            InvalidBatchError: an instance is invalid; it has a violation for each error, up to MAX_VIOLATIONS.
        """
        try:
            checked = cast("list[dict[str, object]]", self._plain.validate_python(instances))
        except ValidationError:
            return self._check_each(instances)
        return checked

    def _check_each(self, instances: Sequence[object]) -> list[dict[str, object]]:
        checked: list[dict[str, object]] = [{} for _ in instances]
        violations = (
            replace(violation, row=row)
            for row, (instance, values) in enumerate(zip(instances, checked, strict=True))
            for violation in self._read(instance, values)
        )
        if found := list(islice(violations, MAX_VIOLATIONS)):
            raise InvalidBatchError(found)
        return checked

    def _read(self, instance: object, values: dict[str, object]) -> Iterator[Violation]:
        """Read an instance into `values`, and yield its errors."""
        if not isinstance(instance, dict):
            yield Violation(f"an object with {', '.join(self._signature.names)}", shown(instance))
            return
        for feature in self._signature.features:
            if feature.name in instance:
                try:
                    values[feature.name] = read_value(feature, instance[feature.name])
                except InvalidBatchError as exc:
                    yield from exc.violations
            elif not feature.is_optional:
                yield Violation("a value", "nothing", feature=feature.name, hint=self._meant(feature.name, instance))
        if not self._accepts_others:
            for name in (name for name in instance if name not in self._known):
                hint = did_you_mean(name, self._signature.names)
                yield Violation("no such feature", shown(instance[name]), feature=shown_name(name), hint=hint)

    def _meant(self, name: str, instance: dict[str, object]) -> str:
        """Return a hint at an unknown field that may have been meant as a feature that is absent."""
        others = instance.keys() - self._known
        if len(others) > MAX_VIOLATIONS:  # each of them would be compared with each absent feature
            return ""
        meant = next((other for other in sorted(others) if did_you_mean(other, [name])), None)
        return f"was {shown_name(meant)!r} meant?" if meant else ""


def _type(feature: Feature) -> object:
    """Return the type of the plain values of a feature: strict, so neither "5.1" nor true is a plain number."""
    value: Any = _scalar(feature)
    if feature.missing:
        value = value | None
    for length in reversed(feature.shape):
        value = Annotated[list[value], Field(min_length=length, max_length=length)]
    return value


def _scalar(feature: Feature) -> object:
    if feature.dtype == "string":
        return Annotated[str, Field(strict=True)]
    if feature.dtype in DATETIMES:
        read = partial(nanoseconds, has_zone=feature.dtype == "datetime_tz")
        return Annotated[str, Field(strict=True), AfterValidator(read)]
    if feature.dtype == "bool":
        return Annotated[bool, Field(strict=True)]
    # A larger float may have been an integer that a float cannot represent, which `read_value` checks.
    number = Annotated[float, Field(strict=True, allow_inf_nan=False, gt=-MAX_EXACT_INTEGER, lt=MAX_EXACT_INTEGER)]
    if feature.dtype in FLOATS:
        return number
    low, high = feature.bounds
    integer = Annotated[int, Field(strict=True, ge=low, le=high)]
    whole = Annotated[number, AfterValidator(partial(_whole, low=low, high=high))]
    return Annotated[integer | whole, Field(union_mode="left_to_right")]


def _reject(_: object) -> object:
    raise ValueError


def _whole(number: float, *, low: int, high: int) -> int:
    if not number.is_integer() or not low <= number <= high:
        raise ValueError
    return int(number)
