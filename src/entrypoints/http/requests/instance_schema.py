"""InstanceSchema: instances as JSON objects, checked all at once where they are plain, else value by value."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Annotated, Any, NotRequired

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict  # pydantic wants this one before Python 3.12

from foreseen.domain.did_you_mean import near_hint
from foreseen.domain.errors import Flaw, InvalidBatchError
from foreseen.domain.values.datetimes import nanoseconds
from foreseen.domain.values.feature_values import read_value
from foreseen.domain.values.shown_value import shown, shown_name
from foreseen.domain.values.signature import DATETIMES, FLOATS, MAX_EXACT_INTEGER, RESERVED_NAMES, Feature, Signature

MAX_FLAWS = 20
"""Flaws reported of one request at the most."""


class InstanceSchema:
    """Checks instances given as objects.

    Attributes:
        type, row_type: what pydantic accepts as a plain instance, as an object and as a row; `read_value` accepts all
            of these, gives the same values for them, and accepts more.
        lone_type: what it accepts as a plain instance that is a whole body, in which other names are reserved.
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
        ignored = dict.fromkeys(set(signature.ignored) - RESERVED_NAMES, NotRequired[Any])
        # Otherwise a body could be one instance to a reader that ignores other fields, and many to one that does not.
        reserved = dict.fromkeys(RESERVED_NAMES, NotRequired[Annotated[Any, AfterValidator(_reject)]])
        self.type: Any = self._object(fields | ignored)
        self.lone_type: Any = self._object(fields | ignored | reserved)
        self.row_type: Any = tuple[tuple(types)]  # type: ignore[misc]
        self._plain = TypeAdapter[Any](list[self.type])  # type: ignore[name-defined]

    def _object(self, fields: dict[str, Any]) -> Any:
        # The functional form takes names that are no Python identifiers, such as "sepal length (cm)".
        make: Any = TypedDict
        instance: Any = make("Instance", fields)
        instance.__pydantic_config__ = ConfigDict(extra="ignore" if self._accepts_others else "forbid")
        return instance

    def check(self, instances: Sequence[Any]) -> list[dict[str, Any]]:
        """Return the instances with the values that `read_value` gives; one that is missing may be absent.

        Raises:
            InvalidBatchError: with a flaw for each thing wrong, up to MAX_FLAWS.
        """
        try:
            checked: list[dict[str, Any]] = self._plain.validate_python(instances)
        except ValidationError:
            return self._check_each(instances)
        return checked

    def _check_each(self, instances: Sequence[Any]) -> list[dict[str, Any]]:
        checked: list[dict[str, Any]] = [{} for _ in instances]
        flaws = (
            replace(flaw, row=row)
            for row, (instance, values) in enumerate(zip(instances, checked, strict=True))
            for flaw in self._read(instance, values)
        )
        if found := list(islice(flaws, MAX_FLAWS)):
            raise InvalidBatchError(found)
        return checked

    def _read(self, instance: Any, values: dict[str, Any]) -> Iterator[Flaw]:
        """Read an instance into `values`, and yield what is wrong with it."""
        if not isinstance(instance, dict):
            yield Flaw(f"an object with {', '.join(self._signature.names)}", shown(instance))
            return
        for feature in self._signature.features:
            if feature.name in instance:
                try:
                    values[feature.name] = read_value(feature, instance[feature.name])
                except InvalidBatchError as exc:
                    yield from exc.flaws
            elif not feature.is_optional:
                yield Flaw("a value", "nothing", feature=feature.name, hint=self._meant(feature.name, instance))
        if not self._accepts_others:
            for name in (name for name in instance if name not in self._known):
                hint = near_hint(name, self._signature.names)
                yield Flaw("no such feature", shown(instance[name]), feature=shown_name(name), hint=hint)

    def _meant(self, name: str, instance: dict[str, Any]) -> str:
        """Return a hint at the field that may have been meant as an absent feature."""
        others = instance.keys() - self._known
        if len(others) > MAX_FLAWS:  # each is compared, for each that is absent
            return ""
        meant = next((other for other in sorted(others) if near_hint(other, [name])), None)
        return f"was {shown_name(meant)!r} meant?" if meant else ""


def _type(feature: Feature) -> Any:
    """Return the type of the plain values of one feature: strict, since "5.1" is text and true is another spelling."""
    value: Any = _scalar(feature)
    if feature.missing:
        value = value | None
    for length in reversed(feature.shape):
        value = Annotated[list[value], Field(min_length=length, max_length=length)]
    return value


def _scalar(feature: Feature) -> Any:
    if feature.dtype == "string":
        return Annotated[str, Field(strict=True)]
    if feature.dtype in DATETIMES:
        read = partial(nanoseconds, has_zone=feature.dtype == "datetime_tz")
        return Annotated[str, Field(strict=True), AfterValidator(read)]
    if feature.dtype == "bool":
        return Annotated[bool, Field(strict=True)]
    # Floats that are larger may have been integers which no float holds: `read_value` looks closer.
    number = Annotated[float, Field(strict=True, allow_inf_nan=False, gt=-MAX_EXACT_INTEGER, lt=MAX_EXACT_INTEGER)]
    if feature.dtype in FLOATS:
        return number
    low, high = feature.bounds
    integer = Annotated[int, Field(strict=True, ge=low, le=high)]
    whole = Annotated[number, AfterValidator(partial(_whole, low=low, high=high))]
    return Annotated[integer | whole, Field(union_mode="left_to_right")]


def _reject(_: Any) -> Any:
    raise ValueError


def _whole(number: float, *, low: int, high: int) -> int:
    if not number.is_integer() or not low <= number <= high:
        raise ValueError
    return int(number)
