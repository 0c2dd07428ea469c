"""JsonForms: reads the instances of a JSON object in the forms of MLflow, KServe and TensorFlow Serving."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Final, cast

from foreseen.domain.errors import InvalidBatchError, Violation
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.shown_value import shown, shown_name
from foreseen.domain.values.signature import Signature
from foreseen.entrypoints.http.protocols.forms.table_columns import TableColumns
from foreseen.entrypoints.http.requests.json_body import json_kind, parsed
from foreseen.entrypoints.http.requests.request_instances import InstanceReader
from foreseen.entrypoints.http.responses.problems import Rejection

SPLIT: Final = "dataframe_split"
RECORDS: Final = "dataframe_records"
INSTANCES: Final = "instances"
INPUTS: Final = "inputs"

_OF_SPLIT: Final = ("columns", "data", "index")


class JsonForms:
    """Reads bodies that have their instances in one of several members."""

    def __init__(
        self, signature: Signature, forms: Sequence[str], *, empty: Collection[str] = (), unused: Collection[str] = ()
    ) -> None:
        """Accept the members of which a body has to have exactly one.

        Args:
            empty: members that a body may have if they are null or an empty object.
            unused: members that a body may have, with any value.
        """
        self._signature = signature
        self._reader = InstanceReader(signature)
        self._only = signature.features[0] if len(signature.features) == 1 else None
        self._forms = forms
        self._empty = empty
        self._unused = unused
        self._reads: Mapping[str, Callable[[object], Awaitable[Batch]]] = {
            SPLIT: self._split,
            RECORDS: self._records,
            INSTANCES: self._instances,
            INPUTS: self._inputs,
        }

    async def read(self, body: bytes) -> tuple[str, Batch]:
        """Return which member has the instances, and the instances; yield the event loop while there are many.

        Raises:
            Rejection: the body is not JSON (400), or has none of the forms (422).
            InvalidBatchError: the instances do not fit the model.
        """
        document = parsed(body)
        if not isinstance(document, dict):
            raise Rejection.of_shape(f"expected {self._any_form}, got {json_kind(document)}")
        form = self._form_of(document)
        for name in document:
            if name != form and name not in self._unused:
                self._check_beside(form, name, document[name])
        return form, await self._reads[form](document[form])

    @property
    def _any_form(self) -> str:
        return "an object with exactly one of " + ", ".join(f'"{form}"' for form in self._forms)

    def _form_of(self, document: Mapping[str, object]) -> str:
        given = [form for form in self._forms if form in document]
        if len(given) == 1:
            return given[0]
        if not given and SPLIT in self._forms and "columns" in document and "data" in document:
            # What MLflow 1 sent, with `format=pandas-split` in its Content-Type or without.
            raise Rejection.of_shape(
                f'expected {{"{SPLIT}": {{"columns": […], "data": […]}}}}, got "columns" and "data" outside of it'
            )
        got = " and ".join(f'"{form}"' for form in given) or "none of them"
        raise Rejection.of_shape(f"expected {self._any_form}, got {got}")

    def _check_beside(self, form: str, name: str, value: object) -> None:
        if name not in self._empty:
            raise Rejection.of_shape(f'{shown_name(name)}: expected nothing beside "{form}", got {shown(value)}')
        if value is not None and value != {}:
            raise Rejection.of_shape(f"{name}: expected none, since the model takes none, got {shown(value)}")

    async def _instances(self, value: object) -> Batch:
        return await self._many(INSTANCES, value)

    async def _inputs(self, value: object) -> Batch:
        return await (self._by_column(value) if isinstance(value, dict) else self._many(INPUTS, value))

    async def _many(self, form: str, value: object) -> Batch:
        instances = _filled(form, value)
        if self._only is None:
            return await self._reader.many_in_turns(instances, self._reader.batch_of)
        return await self._reader.many_in_turns(
            instances, lambda part: self._reader.batch_of(list(map(self._named, part)))
        )

    def _named(self, instance: object) -> object:
        """Return the instance of a model with one feature, which may be its bare value, as an object or a row."""
        feature = self._only
        if feature is None or isinstance(instance, dict):
            return instance
        # A row has the value in a list of its own. Of a tensor, only the number of lists within lists shows that.
        is_row = isinstance(instance, list) and (not feature.shape or _depth(instance) > len(feature.shape))
        return instance if is_row else {feature.name: instance}

    async def _records(self, value: object) -> Batch:
        return await self._reader.many_in_turns(
            _filled(RECORDS, value), lambda part: self._reader.batch_of(self._only_objects(part))
        )

    def _only_objects(self, records: Sequence[object]) -> Sequence[object]:
        names = ", ".join(self._signature.names)
        for row, record in enumerate(records):
            if not isinstance(record, dict):
                raise InvalidBatchError([Violation(f"an object with {names}", shown(record), row)])
        return records

    async def _split(self, value: object) -> Batch:
        if not isinstance(value, dict):
            raise Rejection.of_shape(f'{SPLIT}: expected an object with "columns" and "data", got {json_kind(value)}')
        for name in value:
            if name not in _OF_SPLIT:
                raise Rejection.of_shape(f"{SPLIT}.{shown_name(name)}: expected {', '.join(_OF_SPLIT)}, got another")
        rows = _filled(f"{SPLIT}.data", value.get("data"))
        return await self._of_rows(self._split_columns(value.get("columns")), rows)

    def _split_columns(self, value: object) -> TableColumns:
        names = self._signature.names
        if value is None:
            return TableColumns(self._signature, names)
        if not isinstance(value, list):
            raise Rejection.of_shape(f"{SPLIT}.columns: expected a list of names, got {json_kind(value)}")
        if self._signature.has_numbered_names and value == list(range(len(names))):  # as pandas numbers columns
            return TableColumns(self._signature, names)
        if others := [each for each in value if not isinstance(each, str)]:
            raise Rejection.of_shape(f"{SPLIT}.columns: expected names of features, got {shown(others[0])}")
        return TableColumns(self._signature, value)

    async def _by_column(self, value: Mapping[str, object]) -> Batch:
        columns: dict[str, list[object]] = {}
        for name, values in value.items():
            if not isinstance(values, list):
                where = f"{INPUTS}.{shown_name(name)}"
                raise Rejection.of_shape(f"{where}: expected a list with a value of each instance, got {shown(values)}")
            columns[name] = values
        head = TableColumns(self._signature, list(columns))
        lengths = {len(values): shown_name(name) for name, values in columns.items()}
        if len(lengths) > 1:
            got = " and ".join(f"{length} ({name})" for length, name in list(lengths.items())[:2])
            raise Rejection.of_shape(f"{INPUTS}: expected lists of the same length, got {got}")
        return await self._of_rows(head, _filled(INPUTS, list(zip(*columns.values(), strict=True))))

    async def _of_rows(self, head: TableColumns, rows: Sequence[object]) -> Batch:
        return await self._reader.many_in_turns(
            cast("Sequence[Sequence[object]]", rows), lambda part: self._reader.batch_of(head.objects(part))
        )


def _filled(where: str, value: object) -> Sequence[object]:
    """Return a list that is not empty; raise Rejection for any other value."""
    if not isinstance(value, list) or not value:
        got = "an empty list" if value == [] else "nothing" if value is None else json_kind(value)
        raise Rejection.of_shape(f"{where}: expected a list of one instance or more, got {got}")
    return value


def _depth(value: object) -> int:
    """Return how many lists are around the first value in a list."""
    depth = 0
    while isinstance(value, list):
        depth, value = depth + 1, value[0] if value else None
    return depth
