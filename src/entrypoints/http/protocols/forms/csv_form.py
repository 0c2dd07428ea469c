"""CsvForm: reads the instances of a CSV body, whose first row names the features."""

import asyncio
import codecs
from collections.abc import Sequence
from dataclasses import replace

from foreseen.domain.errors import InvalidBatchError, Violation
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.shown_value import shown_name
from foreseen.domain.values.signature import Signature
from foreseen.domain.values.text_values import read_text
from foreseen.entrypoints.http.protocols.forms.csv_body_rows import csv_rows, not_csv
from foreseen.entrypoints.http.protocols.forms.table_columns import TableColumns
from foreseen.entrypoints.http.requests.instance_schema import MAX_VIOLATIONS
from foreseen.entrypoints.http.requests.request_instances import VALUES_AT_ONCE, InstanceReader
from foreseen.entrypoints.http.responses.problems import Rejection


class CsvForm:
    """Reads CSV bodies; cells are read as values of query strings are."""

    def __init__(self, signature: Signature) -> None:
        self._signature = signature
        self._reader = InstanceReader(signature)

    async def read(self, body: bytes) -> Batch:
        """Return the instances; yield the event loop while there are many.

        Raises:
            Rejection: the body is not CSV in UTF-8 (400), or has no head or no row (422).
            InvalidBatchError: the columns or the instances do not fit the model.
        """
        head, *rows = await _rows(body) or [()]
        names = ", ".join(self._signature.names)
        if not head:
            raise Rejection.of_shape(f"expected a first row with the names of the features ({names}), got nothing")
        if not set(head) & {*self._signature.names, *self._signature.ignored}:
            got = shown_name(",".join(head))
            raise Rejection.of_shape(f"expected a first row with the names of the features ({names}), got {got}")
        columns = TableColumns(self._signature, head)
        if not rows:
            raise Rejection.of_shape("expected a row for each instance after the first, which has names, got none")
        return await self._reader.many_in_turns(rows, lambda part: self._batch(columns, part))

    def _batch(self, columns: TableColumns, rows: Sequence[Sequence[str]]) -> Batch:
        columns.require_lengths(rows)
        values: dict[str, list[object]] = {feature.name: [] for feature, _ in columns.features}
        violations: list[Violation] = []
        for number, row in enumerate(rows):
            for feature, place in columns.features:
                try:
                    values[feature.name].append(read_text(feature, "" if place is None else row[place]))
                except InvalidBatchError as exc:
                    violations += [replace(violation, row=number) for violation in exc.violations]
            if len(violations) >= MAX_VIOLATIONS:
                break
        if violations:
            raise InvalidBatchError(violations[:MAX_VIOLATIONS])
        return Batch.of(self._signature, values)


async def _rows(body: bytes) -> list[Sequence[str]]:
    try:
        text = body.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as exc:
        raise not_csv(f"text in UTF-8, got {exc.reason} at byte {exc.start}") from None
    rows: list[Sequence[str]] = []
    cells = 0
    for row in csv_rows(text):
        rows.append(row)
        cells += len(row)
        if cells >= VALUES_AT_ONCE:
            cells = 0
            await asyncio.sleep(0)
    return rows
