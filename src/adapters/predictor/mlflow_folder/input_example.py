"""Examples of a model's input that were saved with it, for documentation."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

MOST_BYTES: Final = 2**20
"""Bytes of a file of examples that is read; a larger one has more than are shown."""


@dataclass(frozen=True, slots=True)
class Examples:
    """One value for each column, of the first row that has one.

    Attributes:
        by_name: where the columns have names.
        by_place: where they have none.
        whole: the first instance.
    """

    by_name: Mapping[str, object]
    by_place: Sequence[object]
    whole: object = None

    def of(self, name: str | None, place: int) -> object:
        """Return a value of a column, None if there is none."""
        if name is not None and self.by_name:
            return self.by_name.get(name)
        return self.by_place[place] if place < len(self.by_place) else None


NONE: Final = Examples({}, ())


def read_examples(content: bytes) -> Examples:
    """Return the examples in a file as MLflow writes it; none if it is anything else, since nothing depends on them.

    Source:
        MLflow, mlflow/models/utils.py, _Example
    """
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return NONE
    if isinstance(document, dict) and "data" in document:
        rows, names = document["data"], document.get("columns")
        return _of_rows(rows, names if isinstance(names, list) else [])
    if isinstance(document, dict) and set(document) == {"inputs"}:
        document = document["inputs"]
    if isinstance(document, dict):
        return Examples({str(name): _first(values) for name, values in document.items()}, ())
    return _of_rows(document, [])


def _of_rows(rows: object, names: Sequence[object]) -> Examples:
    if not isinstance(rows, list) or not rows:
        return NONE
    if not all(isinstance(row, list) for row in rows):
        return Examples({}, [_first(rows)], _first(rows))
    values = [_first(column) for column in zip(*rows, strict=False)]
    if names:
        return Examples({str(name): value for name, value in zip(names, values, strict=False)}, ())
    return Examples({}, values, rows[0])


def _first(values: object) -> object:
    """Return the first value of a column that is not missing."""
    if not isinstance(values, list | tuple):
        return values
    return next((value for value in values if not _is_missing(value)), None)


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
