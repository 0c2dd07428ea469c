"""Readers of rows from Python code, and the columns that their predictions add."""

from collections.abc import Sequence

import pyarrow as pa

from foreseen.adapters.tabular.columns.json_columns import read_json_column
from foreseen.adapters.tabular.encoders import table_encoder
from foreseen.adapters.tabular.frames.frame_answers import Answers, error_column
from foreseen.adapters.tabular.frames.frame_reader import FrameReader, read_as_in_files
from foreseen.adapters.tabular.frames.given_rows import Given
from foreseen.adapters.tabular.frames.plain_rows import Instances
from foreseen.adapters.tabular.reading.required_columns import check_columns
from foreseen.adapters.tabular.writing.added_columns import AddedColumn, added_columns
from foreseen.adapters.tabular.writing.kept_columns import kept_columns
from foreseen.domain.tables.table import Lines, Reject
from foreseen.domain.tables.table_format import OutputColumns
from foreseen.domain.values.output import Output
from foreseen.domain.values.predictions import Predictions
from foreseen.domain.values.signature import Signature


def frame_reader(given: Given, *, signature: Signature) -> FrameReader:
    """Return a reader of the features of rows.

    Raises:
        TableError: one has no column, or one of a type that none of its values can have.
    """
    check_columns(_once_unless_read(given.columns, signature), signature, given.name)
    # A list of dicts is read like a request, anything else like a file.
    read = read_json_column if isinstance(given, Instances) else read_as_in_files()
    return FrameReader(given.table(signature.names), name=given.name, signature=signature, read=read)


def _once_unless_read(columns: Sequence[str], signature: Signature) -> list[str]:
    """Return the names of columns, without duplicates that are not features: these do not matter."""
    features = frozenset(signature.names)
    others = dict.fromkeys(name for name in columns if name not in features)
    return [*(name for name in columns if name in features), *others]


def kept_of_frame(given: Given, columns: OutputColumns, *, has_reasons: bool, outputs: Sequence[Output]) -> list[str]:
    """Return the names of the columns that are kept.

    Args:
        has_reasons: whether a column of reasons is added.
    Raises:
        TableError: one is not there, or has the name of one that is added.
    """
    added = added_columns(outputs, prediction=columns.prediction)
    if has_reasons:
        added.append(AddedColumn(error_column(columns.prediction), "error"))
    return kept_columns(given.columns, columns, [column.name for column in added], name=given.name)


def answers_of(
    *,
    prediction: str,
    count: int,
    parts: Sequence[tuple[Lines, Predictions]],
    rejects: Sequence[Reject],
    outputs: Sequence[Output],
    signature: Signature,
) -> Answers:
    """Return the answers of some rows.

    Args:
        prediction: the name of its column.
        count: how many rows there are.
        parts: numbers of rows, counted from 1, and their predictions.
    """
    encoder = table_encoder(
        pa.schema([]),
        path="answers.parquet",
        name="answers",
        outputs=outputs,
        signature=signature,
        columns=OutputColumns(keep=(), prediction=prediction),
    )
    reasons = {one.line: f"{one.column}: {one.reason}" if one.column else one.reason for one in rejects}
    return Answers(prediction, count, parts, encoder, reasons)
