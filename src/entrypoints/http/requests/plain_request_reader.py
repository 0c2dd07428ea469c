"""QuickReader: reads plain requests, with the same schema and key recipe as the ordinary route."""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from types import GenericAlias
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from foreseen.domain.errors import InvalidBatchError
from foreseen.domain.identity.key import Key, KeyRecipe
from foreseen.domain.values.signature import FLOATS, MAX_EXACT_INTEGER, Signature
from foreseen.domain.values.text_values import read_text
from foreseen.entrypoints.http.requests.instance_schema import InstanceSchema
from foreseen.entrypoints.http.requests.made_types import adapter_of, object_type

_MANY: Final = re.compile(rb'\s*\{\s*"instances"\s*:\s*\[\s*([\[{])')
_NOT_PLAIN: Final = re.compile(rb"[%+;\x80-\xff]")
"""Characters with a special meaning in a query string."""


class PlainRequest(NamedTuple):
    """The instances of a plain request.

    Attributes:
        keys: the keys of its instances, at least one.
        rows: its instances, each with a value per feature.
        is_many: whether they were sent as a list, and so are answered with a list.
    """

    keys: Sequence[Key]
    rows: Sequence[Sequence[object]]
    is_many: bool


class QuickReader:
    """Reads a request that is plainly valid; returns None for any other, which is left to the ordinary route."""

    def __init__(self, signature: Signature, recipe: KeyRecipe, *, max_rows: int) -> None:
        schema = InstanceSchema(signature)
        self._features = {feature.name: feature for feature in signature.features}
        self._recipe = recipe
        self._max_rows = max_rows
        self._one = adapter_of(schema.lone_type).validator.validate_json
        self._objects = adapter_of(_instances_of(schema.type)).validator.validate_json
        self._rows = adapter_of(_instances_of(schema.row_type)).validator.validate_json
        self._values = _values_getter(signature)
        self._is_exact = _exactness(signature)
        self._plain_query = _plain_query(signature)
        self._handed_on: tuple[bytes, PlainRequest] | None = None

    def of_query(self, query: bytes) -> PlainRequest | None:
        """Read one instance from a query string, `a=1&b=2`."""
        plain = self._plain_query.fullmatch(query) if self._plain_query is not None else None
        try:
            values = self._values_of_texts(query) if plain is None else [float(text) for text in plain.groups()]
            return PlainRequest((self._recipe.key(values),), (values,), False) if self._is_exact(values) else None
        except (InvalidBatchError, OverflowError, ValueError):  # such as "1e"
            return None

    def _values_of_texts(self, query: bytes) -> Sequence[object]:
        if _NOT_PLAIN.search(query):
            raise ValueError
        pairs = [pair.partition("=") for pair in query.decode("ascii").split("&")]
        texts = {name: text for name, _, text in pairs}
        if len(pairs) != len(self._features) or texts.keys() != self._features.keys():
            raise ValueError
        return [read_text(feature, texts[name]) for name, feature in self._features.items()]

    def hand_on(self, body: bytes, plain: PlainRequest) -> None:
        """Keep what was read of a body for the next call of `of_body`, which mostly reads the same."""
        self._handed_on = body, plain

    def of_body(self, body: bytes) -> PlainRequest | None:
        """Read a JSON body: one instance as an object, or `{"instances": […]}` with objects or rows."""
        handed_on, self._handed_on = self._handed_on, None
        if handed_on is not None and handed_on[0] == body:
            return handed_on[1]
        try:
            if b'"instances"' not in body or (many := _MANY.match(body)) is None:
                values = self._values(self._one(body))
                return PlainRequest((self._recipe.key(values),), (values,), False)
            if many[1] == b"{":
                rows = list(map(self._values, self._objects(body)["instances"]))
            else:
                rows = self._rows(body)["instances"]
            return PlainRequest(list(map(self._recipe.key, rows)), rows, True) if len(rows) <= self._max_rows else None
        except (ValidationError, OverflowError):  # the latter: too large for a float32
            return None


@lru_cache(maxsize=16)  # of the current models, and of the next while they are loaded
def reader_of(signature: Signature, recipe: KeyRecipe, max_rows: int) -> QuickReader:
    """Return the reader of a model's requests, the same one for all that read them."""
    return QuickReader(signature, recipe, max_rows=max_rows)


def _instances_of(instance: object) -> object:
    return object_type("Instances", {"instances": GenericAlias(list, (instance,))}, extra="forbid")


def _values_getter(signature: Signature) -> Callable[[dict[str, object]], Sequence[object]]:
    names = signature.names
    if any(feature.is_optional for feature in signature.features):
        return lambda instance: tuple(map(instance.get, names))
    if len(names) == 1:
        return lambda instance: (instance[names[0]],)
    return itemgetter(*names)


def _plain_query(signature: Signature) -> re.Pattern[bytes] | None:
    """Return a pattern of decimal numbers under the features' names, in order; None if features need more."""
    if not signature.is_plain or not all(re.fullmatch(r"[\w.-]+", name, re.ASCII) for name in signature.names):
        return None
    return re.compile("&".join(f"{re.escape(name)}=([-.0-9eE]+)" for name in signature.names).encode())


def _exactness(signature: Signature) -> Callable[[Sequence[Any]], bool]:
    """Return a check that no float is so large that it may have been an integer that a float cannot represent."""
    limit = float(MAX_EXACT_INTEGER)
    if all(f.dtype in FLOATS and not f.shape and not f.missing for f in signature.features):
        return lambda values: max(values) < limit and min(values) > -limit
    floats = [place for place, feature in enumerate(signature.features) if feature.dtype in FLOATS]
    return lambda values: all(_is_below(limit, values[place]) for place in floats)


def _is_below(limit: float, value: Any) -> bool:
    if isinstance(value, list):
        return all(_is_below(limit, part) for part in value)
    return value is None or not abs(value) >= limit  # True for NaN, which is a missing number
