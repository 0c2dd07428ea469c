"""InstanceReader: reads a batch from a JSON body or a query string."""

import asyncio
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import TYPE_CHECKING, Final, TypeVar, cast
from urllib.parse import parse_qsl

from foreseen.domain.did_you_mean import did_you_mean
from foreseen.domain.errors import InvalidBatchError, Violation
from foreseen.domain.values.batch import Batch, joined
from foreseen.domain.values.shown_value import shown, shown_name
from foreseen.domain.values.signature import Feature, Signature
from foreseen.domain.values.text_values import read_text
from foreseen.entrypoints.http.requests.instance_schema import MAX_VIOLATIONS, InstanceSchema
from foreseen.entrypoints.http.requests.json_body import json_kind, parsed
from foreseen.entrypoints.http.responses.problems import Rejection

if TYPE_CHECKING:
    from collections.abc import Sized

Part = TypeVar("Part")
Result = TypeVar("Result")

VALUES_AT_ONCE: Final = 8192
"""Values to check in one turn of the event loop: they take 3 ms, or 20 ms if each is invalid."""


@dataclass(frozen=True, slots=True)
class RequestInstances:
    """The instances of a request.

    Attributes:
        batch: the instances.
        is_many: whether they were sent as a list, and so are answered with a list.
    """

    batch: Batch
    is_many: bool


class InstanceReader:
    """Reads the instances of a request; errors name the place of each invalid value."""

    def __init__(self, signature: Signature) -> None:
        self._signature = signature
        self._known = frozenset(signature.names)
        self._rows_at_once = max(1, VALUES_AT_ONCE // signature.size)
        self.schema = InstanceSchema(signature)

    def from_body(self, body: bytes) -> RequestInstances:
        """Read one instance as an object, or `{"instances": […]}` with objects or rows.

        Raises:
            Rejection: the body is not JSON (400), or has neither shape (422).
            InvalidBatchError: the instances do not fit the model; a violation's row is None if only one was sent.
        """
        reading = self._reading(body)
        while True:
            try:
                next(reading)
            except StopIteration as end:
                read: RequestInstances = end.value
                return read

    async def from_body_in_turns(self, body: bytes) -> RequestInstances:
        """Read like `from_body`, yielding the event loop between the parts of a long body."""
        return await _in_turns(self._reading(body))

    async def many_in_turns(self, instances: Sequence[Part], batch_of: Callable[[Sequence[Part]], Batch]) -> Batch:
        """Read instances in any form, yielding the event loop between the parts of many.

        Args:
            instances: at least one.
            batch_of: returns the batch of some of them, one after the other; may raise InvalidBatchError, whose rows
                count from the first of these.
        Raises:
            InvalidBatchError: the instances do not fit the model.
        """
        return await _in_turns(self._batch_of_many(instances, batch_of))

    def batch_of(self, instances: Sequence[object]) -> Batch:
        """Return the batch of objects and rows; raise InvalidBatchError if they do not fit the model."""
        checked = self.schema.check(self._as_objects(instances))
        return Batch.of(self._signature, {name: [each.get(name) for each in checked] for name in self._signature.names})

    def _reading(self, body: bytes) -> Generator[None, None, RequestInstances]:
        """Read a body in parts, yielding between them."""
        document = parsed(body)
        if not isinstance(document, dict):
            raise Rejection.of_shape(f'expected an object, or {{"instances": […]}}, got {json_kind(document)}')
        if "instances" not in document:
            return RequestInstances(_in_place_of_one(lambda: self.batch_of([document])), is_many=False)
        if extra := [name for name in document if name != "instances"]:
            name, got = shown_name(extra[0]), shown(document[extra[0]])
            raise Rejection.of_shape(f'{name}: expected nothing beside "instances", got {got}')
        instances = document["instances"]
        if not isinstance(instances, list) or not instances:
            got = "an empty list" if instances == [] else json_kind(instances)
            raise Rejection.of_shape(f"instances: expected a list of one instance or more, got {got}")
        batch = yield from self._batch_of_many(instances, self.batch_of)
        return RequestInstances(batch, is_many=True)

    def from_query(self, query: bytes) -> RequestInstances:
        """Read one instance from `a=1&b=2`.

        Raises:
            Rejection: the query is not UTF-8, or has too many names (422).
            InvalidBatchError: a feature is missing, unknown, given twice, or has an invalid value.
        """
        try:
            pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=10_000)
        except ValueError:
            raise Rejection.of_shape(
                "expected a query string in UTF-8, percent-encoded, of at most 10000 names"
            ) from None
        values = dict(pairs)
        # No more than are reported, since each name is compared with all features to find what was meant.
        misnamed = self._misnamed(Counter(name for name, _ in pairs), values)
        if violations := list(islice(chain(misnamed, self._misread(values)), MAX_VIOLATIONS)):
            raise InvalidBatchError(violations)
        columns = {f.name: [read_text(f, values.get(f.name, ""))] for f in self._signature.features}
        return RequestInstances(_in_place_of_one(lambda: Batch.of(self._signature, columns)), is_many=False)

    def _misnamed(self, counts: Mapping[str, int], values: Mapping[str, str]) -> Iterator[Violation]:
        ignored = self._signature.ignored
        for name, count in counts.items():
            if count > 1 and name in self._known:
                yield Violation("one value", str(count), feature=name)
        for name in counts if self._signature.extra_fields == "reject" else ():
            if name in self._known or name in ignored:
                continue
            hint = did_you_mean(name, self._signature.names)
            yield Violation("no such feature", shown(values[name]), feature=shown_name(name), hint=hint)

    def _misread(self, values: Mapping[str, str]) -> Iterator[Violation]:
        for feature in self._signature.features:
            if feature.name not in values:
                if not feature.is_optional:
                    yield Violation("a value", "nothing", feature=feature.name)
                continue
            try:
                read_text(feature, values[feature.name])
            except InvalidBatchError as exc:
                hint = _plus_hint(feature, values[feature.name])
                yield from (replace(violation, hint=hint or violation.hint) for violation in exc.violations)

    def _as_objects(self, instances: Sequence[object]) -> list[object]:
        """Return rows as objects, and other values unchanged.

        Raises:
            InvalidBatchError: a row has a wrong number of values, or an object far too many names.
        """
        names = self._signature.names
        violations = (
            Violation(f"{len(names)} values ({', '.join(names)})", str(len(cast("Sized", instance))), row)
            for row, instance in enumerate(instances)
            if (isinstance(instance, list) and len(instance) != len(names)) or self._has_far_too_many(instance)
        )
        if shown_violations := list(islice(violations, MAX_VIOLATIONS)):
            raise InvalidBatchError(shown_violations)
        return [dict(zip(names, each, strict=True)) if isinstance(each, list) else each for each in instances]

    def _has_far_too_many(self, instance: object) -> bool:
        """Return whether an object has more unknown names than would be reported one by one."""
        most = len(self._known) + len(self._signature.ignored) + MAX_VIOLATIONS
        return self._signature.extra_fields == "reject" and isinstance(instance, dict) and len(instance) > most

    def _batch_of_many(
        self, instances: Sequence[Part], batch_of: Callable[[Sequence[Part]], Batch]
    ) -> Generator[None, None, Batch]:
        parts: list[Batch] = []
        violations: list[Violation] = []
        for start in range(0, len(instances), self._rows_at_once):
            if start:
                yield
            try:
                parts.append(batch_of(instances[start : start + self._rows_at_once]))
            except InvalidBatchError as exc:
                violations += [replace(violation, row=start + (violation.row or 0)) for violation in exc.violations]
                if len(violations) >= MAX_VIOLATIONS:
                    break
        if violations:
            raise InvalidBatchError(violations[:MAX_VIOLATIONS])
        return joined(parts)


def _plus_hint(feature: Feature, text: str) -> str:
    """Return a hint that a plus in a query string means a blank, if the value would be valid with a plus, as 1e+21."""
    if " " not in text:
        return ""
    try:
        read_text(feature, "+".join(text.rsplit(" ", 1)))
    except InvalidBatchError:
        return ""
    return "a plus in a query string means a blank: write it as %2B"


async def _in_turns(reading: Generator[None, None, Result]) -> Result:
    """Return what a reader returns, yielding the event loop wherever it yields."""
    while True:
        try:
            next(reading)
        except StopIteration as end:
            return cast("Result", end.value)
        await asyncio.sleep(0)


def _in_place_of_one(make: Callable[[], Batch]) -> Batch:
    """Return the batch that `make` returns; errors of a single instance name no row."""
    try:
        return make()
    except InvalidBatchError as exc:
        violations = [Violation(f.expected, f.got, None, f.feature, f.position, f.hint) for f in exc.violations]
        raise InvalidBatchError(violations) from None
