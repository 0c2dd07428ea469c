"""Parquet out: a stream that can be cut off after any chunk, and a file that does not show how its rows came."""

import io
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from foreseen.adapters.predictor.scikit_learn.outputs.method_outputs import method_outputs
from foreseen.adapters.tabular.columns.chunk_rows import as_cells
from foreseen.adapters.tabular.parquet import parquet_seal
from foreseen.adapters.tabular.parquet.parquet_encoder import ParquetEncoder
from foreseen.adapters.tabular.writing.added_columns import added_columns
from foreseen.domain.errors import TableError
from foreseen.domain.tables.table import Chunk
from foreseen.domain.values.json_type import Json
from foreseen.domain.values.predictions import Predictions
from foreseen.domain.values.signature import Feature, Kind, Signature
from support.model_outputs import outputs_of

TABLE = pa.record_batch({"n": list(range(1000)), "t": [f"text {n % 7}" for n in range(1000)]})


def encoder(kind: Kind = "regression", classes: tuple[str, ...] = ()) -> ParquetEncoder:
    """Make one for the table."""
    signature = Signature((Feature("n"),), kind, classes)
    added = added_columns(method_outputs(["predict"], signature))
    return ParquetEncoder(TABLE.schema, added=added, signature=signature)


def parts(made: ParquetEncoder, answers: Sequence[Json], sizes: Iterable[int]) -> list[bytes]:
    """Encode the first rows of the table in chunks of these sizes."""
    found, start = [made.begin()], 0
    for size in sizes:
        rows = TABLE.slice(start, size)
        chunk = Chunk("in", None, rows, range(start, start + size), (), as_text=as_cells)
        found.append(bytes(made.encode(chunk, Predictions({"prediction": answers[start : start + size]}))))
        start += size
    return found


def sealed(made: ParquetEncoder, spool: bytes) -> bytes:
    """Make the file."""
    out = io.BytesIO()
    made.seal(io.BytesIO(spool), out)
    return out.getvalue()


def written(
    answers: Sequence[Any], kind: Kind = "other", classes: tuple[str, ...] = ()
) -> tuple[pa.DataType, list[Any]]:
    """Return the type and the values of the predictions in a file."""
    made = encoder(kind, classes)
    spool = b"".join(parts(made, answers, [1] * len(answers)))
    column = pq.read_table(io.BytesIO(sealed(made, spool))).column("prediction")
    return column.type, column.to_pylist()


NUMBERS = np.random.default_rng(0).random(1000).tolist()


@pytest.mark.parametrize("sizes", [[1] * 1000, [999, 1], [256, 256, 488], [300, 0, 700]], ids=["ones", "two", "a", "b"])
def test_the_file_depends_on_nothing_but_its_rows(sizes: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_seal, "GROUP_ROWS", 300)
    made = encoder()

    data = sealed(made, b"".join(parts(made, NUMBERS, sizes)))

    assert data == sealed(made, b"".join(parts(made, NUMBERS, [1000])))
    metadata = pq.read_metadata(io.BytesIO(data))
    assert [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)] == [300, 300, 300, 100]


def test_groups_of_large_rows_have_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_seal, "GROUP_BYTES", 1000)
    made = encoder()

    metadata = pq.read_metadata(io.BytesIO(sealed(made, b"".join(parts(made, NUMBERS, [1000])))))

    assert metadata.row_group(0).num_rows == parquet_seal.SAMPLE_ROWS


@pytest.mark.parametrize("count", range(4))
def test_a_truncated_file_is_sealed_up_to_its_chunk(count: int) -> None:
    made = encoder()

    data = sealed(made, b"".join(parts(made, NUMBERS, [100, 200, 300])[: count + 1]))

    found = pq.read_table(io.BytesIO(data))
    assert found.column("prediction").to_pylist() == NUMBERS[: sum([100, 200, 300][:count])]
    assert found.schema.types == [pa.int64(), pa.string(), pa.float64()]


def test_a_file_cut_off_within_a_chunk_is_reported() -> None:
    made = encoder()

    with pytest.raises(TableError, match="expected whole rows in the file that is to be sealed"):
        sealed(made, b"".join(parts(made, NUMBERS, [1000]))[:-10])


NAN = float("nan")
LISTS = pa.list_(pa.float64())
ANSWERS: dict[str, tuple[list[Any], pa.DataType, list[Any]]] = {
    "floats": ([0.1, -0.0, 1e300], pa.float64(), [0.1, -0.0, 1e300]),
    "not finite": ([1.5, NAN, float("inf")], pa.float64(), [1.5, NAN, float("inf")]),
    "integers": ([1, 2], pa.float64(), [1.0, 2.0]),
    "both": ([1, 2.5], pa.float64(), [1.0, 2.5]),
    "integers that are no doubles": ([1, None, 2**53 + 1], pa.int64(), [1, None, 2**53 + 1]),
    "integers past 64 bits": ([0, 2**64 - 1], pa.uint64(), [0, 2**64 - 1]),
    "integers past all types": ([-1, 2**63, 10**30], pa.string(), ["-1", str(2**63), str(10**30)]),
    "integers that are no doubles, and fractions": ([2**53 + 1, 0.5], pa.string(), [str(2**53 + 1), "0.5"]),
    "nothing": ([None, None], pa.float64(), [None, None]),
    "strings": (["a", None, '"b"'], pa.string(), ["a", None, '"b"']),
    "bools": ([True, False], pa.bool_(), [True, False]),
    "lists of numbers": ([[1.5, 2], [3, None]], LISTS, [[1.5, 2.0], [3.0, None]]),
    "lists of strings": ([["a", "b"]], pa.list_(pa.string()), [["a", "b"]]),
    "lists without anything": ([[], [1.5]], LISTS, [[], [1.5]]),
    "lists of integers that are no doubles": ([[1], [2**63]], pa.list_(pa.uint64()), [[1], [2**63]]),
    "a mixture": (["a", 1, None, [1]], pa.string(), ["a", "1", None, "[1]"]),
    "objects": ([{"a": 1}], pa.string(), ['{"a":1}']),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_predictions_have_the_type_that_all_of_them_fit(name: str) -> None:
    answers, kind, values = ANSWERS[name]

    assert written(answers)[0] == kind
    assert str(written(answers)[1]) == str(values)  # -0.0 is not 0.0, and NaN is not itself


def test_probabilities_that_are_not_finite_are_kept() -> None:
    classes = ("no", "yes")
    made = ParquetEncoder(
        TABLE.schema,
        added=added_columns(outputs_of("predict_proba", classes=classes)),
        signature=Signature((Feature("n"),), "classification", classes),
    )
    answers = Predictions({"probabilities": [{"no": float("inf"), "yes": 0.5}]})
    spool = made.begin() + made.encode(Chunk("in", None, TABLE.slice(0, 1), range(1), (), as_text=as_cells), answers)

    (row,) = pq.read_table(io.BytesIO(sealed(made, spool))).to_pylist()

    assert (row["probability_no"], row["probability_yes"]) == (float("inf"), 0.5)


def test_labels_of_classes_are_strings_even_where_there_are_none() -> None:
    assert written(["1", "0"], "classification", ("0", "1")) == (pa.string(), ["1", "0"])
    assert written([], "classification", ("0", "1")) == (pa.string(), [])
    assert written([], "regression") == (pa.float64(), [])


def test_columns_whose_values_repeat_get_a_dictionary_and_others_none() -> None:
    made = encoder()

    file = pq.read_metadata(io.BytesIO(sealed(made, b"".join(parts(made, NUMBERS, [1000])))))

    columns = [file.row_group(0).column(place) for place in range(3)]
    assert {column.path_in_schema: column.has_dictionary_page for column in columns} == {
        "n": False,
        "t": True,
        "prediction": False,
    }


@pytest.mark.parametrize(
    "kind", [pa.null(), pa.list_(pa.float64()), pa.struct([("a.b", pa.int64())]), pa.decimal128(9)]
)
def test_columns_of_any_type_without_rows_are_sealed(kind: pa.DataType) -> None:
    rows = pa.record_batch([pa.nulls(1000, kind), pa.array(range(1000))], names=["kept.as it is", "n"])
    made = ParquetEncoder(rows.schema, added=[], signature=Signature((Feature("n"),)))
    chunk = Chunk("in", None, rows, range(1000), (), as_text=as_cells)

    whole = sealed(made, made.begin() + bytes(made.encode(chunk, Predictions({"prediction": NUMBERS}))))

    assert pq.read_table(io.BytesIO(whole)).equals(pa.Table.from_batches([rows]))
    assert pq.read_table(io.BytesIO(sealed(made, made.begin()))).num_rows == 0
