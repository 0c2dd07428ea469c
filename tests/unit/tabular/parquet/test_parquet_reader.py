"""Parquet in: typed columns become instances, each row one or a reject, by its number."""

import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from foreseen.adapters.tabular.columns import arrow_columns
from foreseen.adapters.tabular.columns.arrow_columns import read_arrow_column
from foreseen.adapters.tabular.columns.chunk_rows import record_batch_of
from foreseen.adapters.tabular.parquet import parquet_groups, parquet_reader
from foreseen.adapters.tabular.parquet.parquet_reader import ParquetReader
from foreseen.domain.errors import InvalidBatchError, TableError
from foreseen.domain.values.datetimes import IN_RANGE
from foreseen.domain.values.feature_values import accept_missing, read_value
from foreseen.domain.values.signature import DType, Feature, Signature


def parquet(columns: dict[str, Any], **options: Any) -> bytes:
    """Write a file."""
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, **options)
    return out.getvalue()


def reader(data: bytes, *features: Feature, wanted: list[str] | None = None) -> ParquetReader:
    """Open a file."""
    return ParquetReader(io.BytesIO(data), name="in.parquet", signature=Signature(features), wanted=wanted)


def read(values: Any, feature: Feature) -> tuple[list[Any], list[tuple[int, str]]]:
    """Read a file of one column: its values, and the row and the reason of each reject."""
    found: list[Any] = []
    rejects: list[tuple[int, str]] = []
    for chunk in reader(parquet({"a": values}), feature):
        found += chunk.batch.columns[0].tolist() if chunk.batch else []
        rejects += [(reject.line, reject.reason) for reject in chunk.rejects]
    return found, rejects


NUMBERS = {
    "double": pa.array([1.5, 2.0]),
    "float": pa.array([1.5, 2.0], pa.float32()),
    "half": pa.array(np.array([1.5, 2.0], np.float16)),
    "decimal": pa.array([Decimal("1.5"), Decimal("2.0")]),
    "dictionary": pa.array([1.5, 2.0]).dictionary_encode(),
}


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_numbers_of_every_type_are_floats(name: str, dtype: DType) -> None:
    assert read(NUMBERS[name], Feature("a", dtype=dtype)) == ([1.5, 2.0], [])


@pytest.mark.parametrize(
    "kind", [pa.int8(), pa.uint8(), pa.int32(), pa.int64(), pa.uint64(), pa.decimal128(19, 0)], ids=str
)
@pytest.mark.parametrize("dtype", ["float64", "int64", "int8", "uint16"])
def test_integers_of_every_type_are_numbers(kind: pa.DataType, dtype: DType) -> None:
    assert read(pa.array([0, 7, 100], pa.int64()).cast(kind), Feature("a", dtype=dtype)) == ([0, 7, 100], [])


def test_a_decimal_is_the_nearest_float() -> None:
    texts = ["0.1", "0.3", "123456789.123456789", "0.000000001"]

    assert read(pa.array([Decimal(text) for text in texts]), Feature("a"))[0] == [float(text) for text in texts]


DECIMALS = [
    "0", "-1", "1.5", "0.01", "127", "128", "-129", "100", "2.9999999999999999999", "9007199254740992",
    "9007199254740993", "9007199254740991.0000000001", "-9007199254740992.0000000001", "4611686018427387904",
]  # fmt: skip
DECIMAL_TYPES = [
    pa.decimal32(9, 2), pa.decimal64(18, 0), pa.decimal128(12, -2), pa.decimal128(38, 10), pa.decimal128(9, 9),
    pa.decimal256(76, 20),
]  # fmt: skip


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("dtype", ["int64", "int8", "uint64", "bool"])
@pytest.mark.parametrize("kind", DECIMAL_TYPES, ids=str)
def test_decimals_read_at_once_equal_those_read_one_by_one(kind: pa.DataType, dtype: DType, missing: bool) -> None:
    feature = Feature("a", dtype=dtype, missing=missing)
    decimals = [decimal for text in DECIMALS if (decimal := _held(kind, text)) is not None]

    values, rejected = read_arrow_column(feature, pa.array([*decimals, None], kind))

    for row, decimal in enumerate([*decimals, None]):
        expected, reason = _read_alone(feature, decimal)
        assert rejected.get(row) == reason
        if reason is None:
            assert values[row] == expected or (expected is None and values[row] != values[row])


def _held(kind: pa.DataType, text: str) -> Decimal | None:
    """Return a decimal as a type holds it, None where it does not."""
    try:
        found: Decimal = pa.scalar(Decimal(text), kind).as_py()
    except pa.ArrowInvalid:
        return None
    return found


def _read_alone(feature: Feature, decimal: Decimal | None) -> tuple[Any, str | None]:
    """Return the value of a decimal, or the reason why there is none."""
    try:
        if decimal is None:
            accept_missing(feature)
            return None, None
        return read_value(feature, int(decimal) if decimal == decimal.to_integral_value() else float(decimal)), None
    except InvalidBatchError as exc:
        return None, str(exc)


def test_integers_among_decimals_are_not_read_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    alone: list[Any] = []

    def noted(_: Feature, value: Any) -> int:
        alone.append(value)
        return 0

    monkeypatch.setattr(arrow_columns, "read_value", noted)
    feature = Feature("a", dtype="int64")

    for kind in (pa.decimal64(18, 0), pa.decimal128(12, 0), pa.decimal128(12, 2)):
        values, _ = read_arrow_column(feature, pa.array([Decimal(3), Decimal(-4)], kind))
        assert list(values) == [3, -4]

    assert alone == []


DAY = datetime(2024, 1, 2)  # noqa: DTZ001 - a zone where one is wanted
HINT = "; if it may be missing, declare missing = true for it in the sidecar"


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())], ids=str
)
def test_text_of_every_type_is_text(kind: pa.DataType) -> None:
    values = (
        pa.array(["Ål", "", None]).cast(kind) if not pa.types.is_dictionary(kind) else pa.array(["Ål", "", None], kind)
    )

    assert read(values, Feature("a", dtype="string", missing=True)) == (["Ål", None, None], [])
    assert read(values, Feature("a", dtype="string")) == (["Ål", "", ""], [])


REJECTS: dict[str, tuple[Feature, Any, str]] = {
    "no number": (Feature("a"), pa.array([1.0, None]), "expected a number, got nothing"),
    "no number at all": (Feature("a"), pa.array([1.0, float("nan")]), "expected a number, got nothing"),
    "infinite": (Feature("a"), pa.array([1.0, float("-inf")]), "expected a finite float64 number, got -Infinity"),
    "too large": (Feature("a", dtype="float32"), pa.array([1.0, 1e39]), "expected a finite float32 number, got 1e+39"),
    "inexact": (Feature("a"), pa.array([1, 2**53 + 1]), f"expected an integer from -2^53 to 2^53, got {2**53 + 1}"),
    "inexact, signed": (Feature("a"), pa.array([1, 1 - 2**63]), f"from -2^53 to 2^53, got {1 - 2**63}"),
    "out of bounds": (Feature("a", dtype="uint8"), pa.array([1, -1]), "expected an integer from 0 to 255, got -1"),
    "no integer": (Feature("a", dtype="int8"), pa.array([1, None]), "expected an integer, got nothing"),
    "fraction": (Feature("a", dtype="int8"), pa.array([1.0, 3.5]), "expected an integer, got 3.5"),
    "fraction of a decimal": (
        Feature("a", dtype="int8"),
        pa.array([Decimal("1.0"), Decimal("3.5")]),
        "expected an integer, got 3.5",
    ),
    "out of bounds as a float": (Feature("a", dtype="int8"), pa.array([1.0, 128.0]), "from -128 to 127, got 128.0"),
    "rounded integer": (Feature("a", dtype="int64"), pa.array([1.0, 2.0**53]), "from -9007199254740992 to"),
    "fraction beside nothing": (Feature("a", dtype="int8", missing=True), pa.array([1.0, 3.5]), "an integer, got 3.5"),
    "another number for a bool": (Feature("a", dtype="bool"), pa.array([1, 2]), "expected true or false, got 2"),
    "no date": (Feature("a", dtype="datetime"), pa.array([0, None], pa.timestamp("ns")), f", got nothing{HINT}"),
    "a date out of range": (
        Feature("a", dtype="datetime", missing=True),
        pa.array([0, 2**62], pa.timestamp("ms")),
        IN_RANGE,
    ),
    "text that is no date": (
        Feature("a", dtype="datetime"),
        pa.array(["1970-01-01", "2024-02-30"]),
        'of the calendar, got "2024-02-30"',
    ),
    "no bool": (Feature("a", dtype="bool"), pa.array([True, None]), "expected true or false, got nothing"),
    "short list": (Feature("a", shape=(1,)), pa.array([[1.0], []]), "expected a list of 1, got 0"),
    "no list": (Feature("a", shape=(1,)), pa.array([[1.0], None]), "expected a list, got nothing"),
    "null in a list": (Feature("a", shape=(1,)), pa.array([[1.0], [None]]), "expected a number, got null"),
    "infinite in a list": (Feature("a", shape=(1,)), pa.array([[1.0], [float("inf")]]), "expected a finite float64"),
    "inexact in a list": (Feature("a", shape=(1,)), pa.array([[1], [2**53 + 1]]), "from -2^53 to 2^53"),
}


@pytest.mark.parametrize("name", REJECTS)
def test_a_value_that_does_not_fit_rejects_its_row_alone(name: str) -> None:
    feature, values, reason = REJECTS[name]

    found, rejects = read(values, feature)

    assert found == ([0] if feature.dtype == "datetime" else values.to_pylist()[:1])
    assert [row for row, _ in rejects] == [2]
    assert reason in rejects[0][1]


def test_missing_numbers_are_missing() -> None:
    values, rejects = read(pa.array([1.0, None, float("nan")]), Feature("a", missing=True))

    assert np.isnan(values).tolist() == [False, True, True]
    assert rejects == []
    assert np.isnan(read(pa.nulls(1), Feature("a", missing=True))[0]).all()


@pytest.mark.parametrize("kind", [pa.bool_(), pa.int8(), pa.uint64(), pa.float32(), pa.float64()], ids=str)
@pytest.mark.parametrize("dtype", ["bool", "int8", "uint64", "float64"])
def test_zeros_and_ones_are_numbers_and_bools_whatever_their_type(kind: pa.DataType, dtype: DType) -> None:
    values = pa.array([0, 1, 1], pa.int8()).cast(kind)

    assert read(values, Feature("a", dtype=dtype)) == ([0, 1, 1], [])
    assert read(values.dictionary_encode(), Feature("a", dtype=dtype)) == ([0, 1, 1], [])


@pytest.mark.parametrize(
    "values", [pa.array([1, None, 0]), pa.array([1.0, float("nan"), 0.0]), pa.array([True, None, False])], ids=str
)
@pytest.mark.parametrize("dtype", ["bool", "int64", "float32"])
def test_numbers_that_may_be_missing_are_nan_where_they_are(values: Any, dtype: DType) -> None:
    found, rejects = read(values, Feature("a", dtype=dtype, missing=True))

    assert np.array_equal(found, [1, np.nan, 0], equal_nan=True)
    assert rejects == []


DATES = {
    "seconds": pa.array([DAY, None], pa.timestamp("s")),
    "milliseconds": pa.array([DAY, None], pa.timestamp("ms")),
    "microseconds": pa.array([DAY, None], pa.timestamp("us")),
    "nanoseconds": pa.array([DAY, None], pa.timestamp("ns")),
    "days": pa.array([DAY.date(), None], pa.date32()),
    "days in milliseconds": pa.array([DAY.date(), None], pa.date64()),
    "text": pa.array(["2024-01-02", None]),
    "dictionary": pa.array(["2024-01-02 00:00:00", None]).dictionary_encode(),
}


@pytest.mark.parametrize("name", DATES)
def test_dates_of_every_type_are_dates_and_times(name: str) -> None:
    ticks = int(np.datetime64("2024-01-02", "ns").astype(int))

    assert read(DATES[name], Feature("a", dtype="datetime", missing=True)) == ([ticks, None], [])


@pytest.mark.parametrize("zone", ["UTC", "Europe/Oslo", "+05:30"])
def test_an_instant_is_the_same_in_any_zone(zone: str) -> None:
    at = DAY.replace(tzinfo=UTC)

    found, rejects = read(pa.array([at], pa.timestamp("us", zone)), Feature("a", dtype="datetime_tz"))

    assert (found, rejects) == ([int(np.datetime64(DAY, "ns").astype(int))], [])


def test_a_column_of_nulls_is_missing_whatever_the_kind() -> None:
    for dtype in ("float64", "int64", "bool", "string", "datetime", "datetime_tz"):
        found, rejects = read(pa.nulls(2), Feature("a", dtype=dtype, missing=True))
        assert (len(found), rejects) == (2, [])


@pytest.mark.parametrize(
    "kind",
    [pa.list_(pa.float64()), pa.list_(pa.int32()), pa.large_list(pa.float32()), pa.list_(pa.float64(), 2)],
    ids=str,
)
def test_lists_are_tensors(kind: pa.DataType) -> None:
    assert read(pa.array([[1, 2], [3, 4]], kind), Feature("a", shape=(2,))) == ([[1, 2], [3, 4]], [])


def test_lists_of_lists_are_tensors_too() -> None:
    assert read(pa.array([[[1.0, 2.0]], [[3.0, 4.0]]]), Feature("a", shape=(1, 2)))[0] == [[[1, 2]], [[3, 4]]]


MISFITS: dict[str, tuple[Feature, Any, str]] = {
    "text for numbers": (Feature("a"), ["1"], "to hold numbers (float64), got string"),
    "text for bools": (Feature("a", dtype="bool"), ["true"], "to hold bools (bool), got string"),
    "numbers for dates": (
        Feature("a", dtype="datetime"),
        [1],
        "to hold dates and times without a time zone (datetime)",
    ),
    "dates for text": (Feature("a", dtype="string"), [DAY], "to hold strings (string), got timestamp[us]"),
    "no zone": (Feature("a", dtype="datetime_tz"), [DAY], "with a time zone (datetime_tz), got timestamp[us]"),
    "a date for an instant": (Feature("a", dtype="datetime_tz"), [DAY.date()], "(datetime_tz), got date32[day]"),
    "a zone": (
        Feature("a", dtype="datetime"),
        pa.array([DAY], pa.timestamp("ms", "UTC")),
        "without a time zone (datetime), got timestamp[ms, tz=UTC]",
    ),
    "numbers for text": (Feature("a", dtype="string"), [1], "to hold strings (string), got int64"),
    "numbers for tensors": (
        Feature("a", shape=(2, 3)),
        [1.0],
        "to hold lists (2 x 3) of numbers (float64), got double",
    ),
    "tensors for numbers": (Feature("a"), [[1.0]], "to hold numbers (float64), got list<"),
}


@pytest.mark.parametrize("name", MISFITS)
def test_a_column_whose_type_never_fits_is_one_error(name: str) -> None:
    feature, values, said = MISFITS[name]

    with pytest.raises(TableError) as caught:
        reader(parquet({"a": values}), feature)

    assert str(caught.value).startswith("in.parquet: expected column 'a' ")
    assert said in str(caught.value)


def test_rows_are_numbered_across_chunks_and_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_reader, "chunk_rows", lambda _: 7)
    data = parquet({"a": [None if n % 10 == 0 else float(n) for n in range(1, 51)]}, row_group_size=16)
    opened = reader(data, Feature("a"))

    chunks = list(opened)

    assert [int(line) for chunk in chunks for line in chunk.lines] == [n for n in range(1, 51) if n % 10]
    assert [one.line for chunk in chunks for one in chunk.rejects] == [10, 20, 30, 40, 50]
    assert max(len(chunk.batch) for chunk in chunks if chunk.batch) <= 7
    assert opened.bytes_read == len(data)


def test_wide_files_read_by_group_have_the_same_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_reader, "chunk_rows", lambda _: 700)
    numbers: dict[str, Any] = {f"x.{place}": [float(place * row) for row in range(2500)] for place in range(119)}
    texts = [f"text {row % 7}" for row in range(2500)]
    data = parquet(numbers | {"text": texts, "unread": texts}, row_group_size=1500)
    feature = Feature("x.7")
    wanted = [*numbers, "text"]

    whole = list(reader(data, feature, wanted=wanted))
    monkeypatch.setattr(parquet_groups, "GROUP_BYTES", 0)
    together = list(reader(data, feature, wanted=wanted))

    assert [len(chunk.lines) for chunk in whole] == [700, 700, 100, 700, 300]
    assert max(len(chunk.lines) for chunk in together) == 700
    tables = [pa.Table.from_batches([chunk.table for chunk in chunks]) for chunks in (whole, together)]
    assert tables[0].equals(tables[1])
    assert tables[0].column_names == wanted
    assert [int(line) for chunk in whole for line in chunk.lines] == list(range(1, 2501))
    assert [row for chunk in whole if chunk.batch for row in chunk.batch.columns[0]] == numbers["x.7"]


def test_some_rows_of_a_chunk_keep_all_that_is_theirs() -> None:
    (chunk,) = reader(parquet({"x": ["p", "q", "r"], "a": [1.0, 2.0, 3.0]}), Feature("a"))
    part = chunk.take([2, 0])

    assert part.batch is not None
    assert (part.batch.columns[0].tolist(), record_batch_of(part).to_pydict()["x"], list(part.lines)) == (
        [3, 1],
        ["r", "p"],
        [3, 1],
    )
    assert part.reject(0, "why").row == "r,3.0"


def test_only_what_is_wanted_is_read() -> None:
    (chunk,) = reader(parquet({"x": [1], "a": [1.0], "y": [2]}), Feature("a"), wanted=["y"])

    assert record_batch_of(chunk).schema.names == ["a", "y"]


def test_a_file_without_rows_is_an_empty_table() -> None:
    assert list(reader(parquet({"a": pa.array([], pa.float64())}), Feature("a"))) == []


WHOLE = parquet({"a": np.random.default_rng(0).random(5000)})
DAMAGED = {
    "empty": b"",
    "text": b"a,b\n1,2\n" * 10,
    "cut": WHOLE[:-100],
    "half": WHOLE[: len(WHOLE) // 2],
    "without a footer": WHOLE[:-8] + b"\0" * 8,
}


@pytest.mark.parametrize("name", DAMAGED)
def test_an_incomplete_parquet_file_is_reported_in_one_line(name: str) -> None:
    with pytest.raises(TableError) as caught:
        list(reader(DAMAGED[name], Feature("a")))

    assert str(caught.value).startswith("in.parquet: expected a whole Parquet file, got ")
    assert "\n" not in str(caught.value)


def test_damaged_pages_are_reported() -> None:
    data = bytearray(parquet({"a": np.random.default_rng(0).random(5000)}, write_page_checksum=True))
    data[5000] ^= 1

    with pytest.raises(TableError, match=r"^in.parquet: expected a whole Parquet file"):
        list(reader(bytes(data), Feature("a")))


def test_the_columns_have_to_match_the_features() -> None:
    with pytest.raises(TableError, match=r"^in.parquet: expected a column 'a', got b"):
        reader(parquet({"b": [1.0]}), Feature("a"))
