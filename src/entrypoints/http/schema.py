"""InstanceSchema: what an instance looks like in JSON, checked and documented by one and the same definition."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict  # pydantic wants this one before Python 3.12

from foreseen.domain.errors import Flaw, InvalidBatchError
from foreseen.domain.near import near_hint
from foreseen.domain.signature import FLOATS, MAX_EXACT_INTEGER, Feature, Signature
from foreseen.domain.text import shown

MAX_FLAWS = 20
"""Flaws told of one request at the most."""


class InstanceSchema:
    """Checks instances given as objects, and gives the JSON Schema of one.

    Attributes:
        type, row_type: what pydantic checks an instance with, as an object and as a row.
    """

    def __init__(self, signature: Signature, *, takes_rounded: bool = True) -> None:
        """Take what is described.

        Args:
            takes_rounded: whether floats may be so large that they may have been integers which no float holds.
        """
        self._signature = signature
        types = [_type(feature, takes_rounded=takes_rounded) for feature in signature.features]
        # The functional form takes names that are no Python identifiers, such as "sepal length (cm)".
        make: Any = TypedDict
        instance: Any = make("Instance", dict(zip(signature.names, types, strict=True)))
        instance.__pydantic_config__ = ConfigDict(extra="forbid")
        self._instance = TypeAdapter[Any](instance)
        self._instances = TypeAdapter[Any](list[instance])
        self.type = instance
        self.row_type: Any = tuple[tuple(types)]  # type: ignore[misc]

    def check(self, instances: Sequence[Any]) -> list[dict[str, Any]]:
        """Give the instances with their values as the right Python types.

        Raises:
            InvalidBatchError: with a flaw for each thing wrong, up to MAX_FLAWS.
        """
        try:
            checked: list[dict[str, Any]] = self._instances.validate_python(instances)
        except ValidationError as exc:
            errors = exc.errors(include_url=False)[:MAX_FLAWS]
            raise InvalidBatchError([self._flaw(dict(error)) for error in errors]) from None
        return checked

    def json_schema(self) -> dict[str, Any]:
        """Give the JSON Schema of one instance, with an example."""
        schema = self._instance.json_schema()
        properties = {
            name: {k: v for k, v in part.items() if k != "title"} for name, part in schema["properties"].items()
        }
        return schema | {"properties": properties, "example": self._signature.example_instance()}

    def _flaw(self, error: dict[str, Any]) -> Flaw:
        row, *place = error["loc"]
        name = str(place[0]) if place else None
        position = tuple(part for part in place[1:] if isinstance(part, int))
        if error["type"] == "extra_forbidden":
            hint = near_hint(str(name), self._signature.names)
            return Flaw("no such feature", shown(error["input"]), row, name, hint=hint)
        if error["type"] == "missing":
            given = set(error["input"]) - set(self._signature.names)
            hint = f"was {near!r} meant?" if (near := _nearest(str(name), given)) else ""
            return Flaw("a value", "nothing", row, name, hint=hint)
        return Flaw(self._expectation(error, name), _got(error), row, name, position)

    def _expectation(self, error: dict[str, Any], name: str | None) -> str:
        if name is None:
            return f"an object with {', '.join(self._signature.names)}"
        if error["type"] in ("too_short", "too_long"):
            context = error["ctx"]
            return f"a list of {context.get('min_length', context.get('max_length'))}"
        return _EXPECTED.get(error["type"]) or str(error["msg"])


_EXPECTED = {
    "bool_type": "true or false",
    "float_type": "a number",
    "int_type": "an integer",
    "int_from_float": "an integer",
    "finite_number": "a finite number",
    "list_type": "a list",
    "string_type": "a string",
}


def _got(error: dict[str, Any]) -> str:
    return str(error["ctx"]["actual_length"]) if error["type"] in ("too_short", "too_long") else shown(error["input"])


def _nearest(name: str, given: set[str]) -> str | None:
    if len(given) > MAX_FLAWS:  # each is compared, for each that is missing
        return None
    return next((other for other in sorted(given) if near_hint(other, [name])), None)


def _type(feature: Feature, *, takes_rounded: bool) -> Any:
    """Give the type of one feature's value: strict, since "5.1" is text and true is no number."""
    value: Any = _scalar(feature)
    if feature.dtype in FLOATS and not takes_rounded:
        value = Annotated[value, Field(gt=-MAX_EXACT_INTEGER, lt=MAX_EXACT_INTEGER)]
    for length in reversed(feature.shape):
        value = Annotated[list[value], Field(min_length=length, max_length=length)]
    if feature.missing:
        value = value | None
    return Annotated[value, Field(examples=[feature.default_example()])]


def _scalar(feature: Feature) -> Any:
    if feature.dtype == "string":
        return Annotated[str, Field(strict=True)]
    if feature.dtype == "bool":
        return Annotated[bool, Field(strict=True)]
    if feature.dtype in FLOATS:
        # NaN stands for missing where that is allowed; infinities are found when the batch is made.
        return Annotated[float, Field(strict=True, allow_inf_nan=feature.missing)]
    low, high = feature.bounds
    return Annotated[int, Field(strict=True, ge=low, le=high)]
