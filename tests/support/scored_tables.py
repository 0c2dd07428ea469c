"""Files that are read, answered and written within the test, as `foreseen score` does it."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from foreseen.adapters.predictor.scikit_learn.outputs.method_outputs import method_outputs
from foreseen.adapters.tabular.encoders import table_encoder
from foreseen.adapters.tabular.open_tables import opened_tables
from foreseen.domain.tables.notices import Notice, Notices
from foreseen.domain.tables.table import Reject
from foreseen.domain.tables.table_format import DEFAULT_COLUMNS, OutputColumns, TableForm
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.json_type import Json
from foreseen.domain.values.predictions import Predictions
from foreseen.domain.values.signature import Feature, Signature

Answer = Callable[[Batch], Sequence[Json]]


@dataclass(frozen=True, slots=True)
class Scored:
    """What became of files.

    Attributes:
        values: of each feature, what the model was given.
        out: the bytes that were written.
    """

    values: Mapping[str, list[Any]]
    rejects: Sequence[Reject]
    notices: Sequence[Notice]
    out: bytes

    @property
    def cells(self) -> list[dict[str, str]]:
        """The rows of a CSV file that was written."""
        return list(csv.DictReader(io.StringIO(self.out.decode(), newline="")))

    @property
    def lines(self) -> list[str]:
        """The lines of a text that was written."""
        return self.out.decode().splitlines()

    @property
    def table(self) -> pa.Table:
        """The table of a Parquet file that was written."""
        return pq.read_table(io.BytesIO(self.out))


def score(
    *paths: Path,
    features: Sequence[Feature],
    to: str = "csv",
    form: TableForm | None = None,
    columns: OutputColumns = DEFAULT_COLUMNS,
    answer: Answer = lambda batch: [0.5] * len(batch),
) -> Scored:
    """Read files, answer their rows, and write them in a format."""
    signature, notices = Signature(tuple(features)), Notices()
    values: dict[str, list[Any]] = {feature.name: [] for feature in features}
    rejects: list[Reject] = []
    spool, out = io.BytesIO(), io.BytesIO()
    with opened_tables(
        [str(path) for path in paths],
        signature=signature,
        standard_input=io.BytesIO(),
        form=form or TableForm(),
        keep=columns.keep,
        notices=notices,
        has_types=to not in ("csv", "jsonl"),
    ) as tables:
        encoder = table_encoder(
            tables.schema,
            path=f"out.{to}",
            name="out",
            outputs=method_outputs(["predict"], signature),
            signature=signature,
            columns=columns,
            notices=notices,
        )
        spool.write(encoder.begin())
        for chunk in tables:
            rejects += chunk.rejects
            if chunk.batch is None:
                continue
            for name, column in zip(values, chunk.batch.columns, strict=True):
                values[name] += column.tolist()
            spool.write(encoder.encode(chunk, Predictions({"prediction": answer(chunk.batch)})))
    spool.seek(0)
    encoder.seal(spool, out)
    return Scored(values, rejects, notices.listed(), out.getvalue())


def written(rows: Sequence[Mapping[str, Any]], path: Path) -> Path:
    """Write rows in the format that a name says: None is nothing in CSV, and null elsewhere."""
    write = {".csv": _as_csv, ".jsonl": _as_json_lines, ".parquet": _as_parquet}[path.suffix]
    path.write_bytes(write(rows))
    return path


def _as_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(rows[0])
    for row in rows:
        writer.writerow(
            ["" if cell is None else cell if isinstance(cell, str) else json.dumps(cell) for cell in row.values()]
        )
    return text.getvalue().encode()


def _as_json_lines(rows: Sequence[Mapping[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _as_parquet(rows: Sequence[Mapping[str, Any]]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows)), out)
    return out.getvalue()
