"""The same rows are the same instances in every format, and come out of every format as they went in."""

import csv
import gzip
import io
import json
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import orc

from foreseen.adapters.predictor.scikit_learn.outputs.method_outputs import method_outputs
from foreseen.adapters.tabular.encoders import table_encoder
from foreseen.adapters.tabular.open_tables import opened_tables
from foreseen.domain.tables.table import Chunk
from foreseen.domain.values.predictions import Predictions
from foreseen.domain.values.signature import Feature, Signature
from support.example_counts import examples

SIGNATURE = Signature(
    (
        Feature("f"),
        Feature("g", dtype="float32", missing=True),
        Feature("i", dtype="int16"),
        Feature("b", dtype="bool"),
        Feature("t", dtype="string"),
        Feature("v", shape=(2,)),
        Feature("n", dtype="int64", missing=True),
        Feature("h", dtype="bool", missing=True),
        Feature("d", dtype="datetime", missing=True),
        Feature("z", dtype="datetime_tz"),
    ),
    kind="classification",
    classes=("no", "yes"),
)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=6)
EXACT = 2.0**53
TIMES = st.integers(-(2**33), 2**33).map(lambda seconds: datetime.fromtimestamp(seconds + 0.25, UTC))
ROW = st.fixed_dictionaries(
    {
        "f": st.floats(-EXACT, EXACT),
        "g": st.none() | st.floats(-1e6, 1e6, width=32),
        "i": st.integers(-(2**15), 2**15 - 1),
        "b": st.booleans(),
        "t": TEXT,
        "v": st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=2),
        "n": st.none() | st.integers(-(2**53), 2**53),
        "h": st.none() | st.booleans(),
        "d": st.none() | TIMES.map(lambda at: at.replace(tzinfo=None)),
        "z": TIMES,
        "extra": TEXT,
    }
)
Rows = Sequence[dict[str, Any]]


def as_csv(rows: Rows) -> bytes:
    """Write CSV with Python's own writer."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(rows[0])
    for row in rows:
        cells = map(in_json, map(row.get, rows[0]))
        writer.writerow(["" if c is None else c if isinstance(c, str) else json.dumps(c) for c in cells])
    return text.getvalue().encode()


def in_json(value: Any) -> Any:
    """Write a date and time as JSON and CSV have it."""
    return value.isoformat() if isinstance(value, datetime) else value


def as_jsonl(rows: Rows) -> bytes:
    """Write JSON Lines."""
    return "".join(json.dumps(row, default=in_json) + "\n" for row in rows).encode()


def as_table(rows: Rows) -> pa.Table:
    """Return the rows with types."""
    schema = pa.schema(
        [("f", pa.float64()), ("g", pa.float32()), ("i", pa.int16()), ("b", pa.bool_()), ("t", pa.string()),
         ("v", pa.list_(pa.float64())), ("n", pa.int64()), ("h", pa.bool_()), ("d", pa.timestamp("us")),
         ("z", pa.timestamp("us", "UTC")), ("extra", pa.string())]
    )  # fmt: skip
    return pa.Table.from_pylist(list(rows), schema=schema)


def as_parquet(rows: Rows) -> bytes:
    """Write Parquet."""
    out = io.BytesIO()
    pq.write_table(as_table(rows), out)
    return out.getvalue()


def as_arrow(rows: Rows) -> bytes:
    """Write Arrow."""
    out = io.BytesIO()
    with pa.ipc.new_file(out, as_table(rows).schema) as writer:
        writer.write_table(as_table(rows))
    return out.getvalue()


def as_orc(rows: Rows) -> bytes:
    """Write ORC."""
    out = io.BytesIO()
    orc.write_table(as_table(rows), out)
    return out.getvalue()


FORMATS = {"csv": as_csv, "jsonl": as_jsonl, "parquet": as_parquet}
MORE_READ = FORMATS | {"arrow": as_arrow, "orc": as_orc}


def chunks_of(data: bytes, suffix: str, folder: Path) -> tuple[list[Chunk], Any]:
    """Read a file of a format."""
    path = folder / f"in.{suffix}"
    path.write_bytes(data)
    with opened_tables([str(path)], signature=SIGNATURE, standard_input=io.BytesIO()) as tables:
        return list(tables), tables.schema


def canonical(chunks: list[Chunk]) -> list[Any]:
    """Return what keys are made of."""
    assert [reject for chunk in chunks for reject in chunk.rejects] == []
    (batch,) = [chunk.batch for chunk in chunks if chunk.batch is not None]
    return [c.tolist() if c.dtype == object else (c.dtype, c.tobytes()) for c in batch.columns]


@given(st.lists(ROW, min_size=1, max_size=8))
@settings(max_examples=examples(30), deadline=None)
def test_the_same_rows_are_the_same_instances_in_every_format(rows: Rows) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = [canonical(chunks_of(write(rows), name, Path(folder))[0]) for name, write in MORE_READ.items()]

    assert all(each == found[0] for each in found)


ANSWERS = {"prediction": "no", "probabilities": {"no": 0.75, "yes": 0.25}}


def scored(data: bytes, read: str, written: str, folder: Path) -> bytes:
    """Copy rows from one format into another, each with the same answer."""
    chunks, schema = chunks_of(data, read, folder)
    outputs = method_outputs(["predict", "predict_proba"], SIGNATURE)
    encoder = table_encoder(schema, path=f"out.{written}", name="out", outputs=outputs, signature=SIGNATURE)
    spool, out = io.BytesIO(), io.BytesIO()
    spool.write(encoder.begin())
    for chunk in chunks:
        count = len(chunk.batch or ())
        spool.write(encoder.encode(chunk, Predictions({name: [answer] * count for name, answer in ANSWERS.items()})))  # type: ignore[list-item]
    spool.seek(0)
    encoder.seal(spool, out)
    return out.getvalue()


# fmt: off
ROWS: Rows = [
    {"f": 0.1, "g": None, "i": 3, "b": True, "t": 'a, "b"', "v": [1.0, -2.5], "n": None, "h": True,
     "d": datetime.fromisoformat("2024-01-02T03:04:05.678"), "z": datetime(2024, 1, 2, tzinfo=UTC), "extra": "x\ny"},
    {"f": 1e-7, "g": 2.5, "i": -4, "b": False, "t": "Ål", "v": [0.0, 1e9], "n": 2**53, "h": None,
     "d": None, "z": datetime(1969, 12, 31, 23, tzinfo=UTC), "extra": "7"},
]
# fmt: on


@pytest.mark.parametrize("written", ["csv", "tsv", "jsonl", "parquet", "arrow", "orc", "xlsx", "csv.gz", "jsonl.zst"])
@pytest.mark.parametrize("read", FORMATS)
def test_every_format_can_become_every_other_and_be_scored_again(read: str, written: str, tmp_path: Path) -> None:
    data = scored(FORMATS[read](ROWS), read, written, tmp_path)
    again, schema = chunks_of(data, written, tmp_path)

    assert canonical(again) == canonical(chunks_of(FORMATS[read](ROWS), read, tmp_path)[0])
    assert schema.names[: len(ROWS[0])] == list(ROWS[0])


def test_json_lines_equal_the_answers_over_http(tmp_path: Path) -> None:
    lines = scored(as_jsonl(ROWS), "jsonl", "jsonl", tmp_path).splitlines()

    assert [json.loads(line) for line in lines] == json.loads(
        json.dumps([row | ANSWERS for row in ROWS], default=in_json)
    )


def test_a_field_absent_from_an_object_stays_absent(tmp_path: Path) -> None:
    first, second = (
        {name: row[name] for name in row if name != "extra" or keep} for row, keep in zip(ROWS, (1, 0), strict=True)
    )

    lines = scored(as_jsonl([first, second]), "jsonl", "jsonl", tmp_path).splitlines()

    assert json.loads(lines[1]) == json.loads(json.dumps(second | ANSWERS, default=in_json))


def test_columns_of_parquet_keep_their_types(tmp_path: Path) -> None:
    table = pq.read_table(io.BytesIO(as_parquet(ROWS))).append_column("m", pa.array([1, None], pa.uint8()))
    table = table.append_column("at", pa.array([0, 1], pa.timestamp("ms", "Europe/Oslo")))
    table = table.append_column("kind", pa.array(["p", None]).dictionary_encode())
    out = io.BytesIO()
    pq.write_table(table, out)

    found = pq.read_table(io.BytesIO(scored(out.getvalue(), "parquet", "parquet", tmp_path)))

    assert [found.schema.field(name).type for name in ("f", "g", "i", "b", "t", "m", "at", "kind")] == [
        pa.float64(), pa.float32(), pa.int16(), pa.bool_(), pa.string(), pa.uint8(),
        pa.timestamp("ms", "Europe/Oslo"), pa.string(),
    ]  # fmt: skip
    added = ["prediction", "probability_no", "probability_yes"]
    assert found.select(added).schema.types == [pa.string(), pa.float64(), pa.float64()]
    assert found.drop_columns(added).to_pylist() == table.to_pylist()
    assert found.select(added).to_pylist() == [{added[0]: "no", added[1]: 0.75, added[2]: 0.25}] * 2


def test_compressed_lines_are_the_lines(tmp_path: Path) -> None:
    plain = scored(as_csv(ROWS), "csv", "csv", tmp_path)

    packed = scored(as_csv(ROWS), "csv", "csv.gz", tmp_path)

    assert gzip.decompress(packed) == plain
    assert packed == scored(as_csv(ROWS), "csv", "csv.gz", tmp_path)
