"""What was read comes out as it went in, in whatever format (I7, I8, I10, I16, I17, I21)."""

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from foreseen.adapters.tabular.columns.non_finite import AS_NULL
from foreseen.domain.tables.notices import Notice
from foreseen.domain.tables.table_format import OutputColumns
from foreseen.domain.values.signature import Feature
from support.scored_tables import Scored, score, written

A = Feature("a")
FORMATS = ("csv", "jsonl", "parquet")
NUMBERS = ["1.10", "100000", "1e5", "0.30000000000000004", "-0.0", "12345678901234567890.125", "1E-7"]

ARROW = int(pa.__version__.partition(".")[0])


def json_lines(folder: Path, *lines: str) -> Path:
    """Write lines."""
    path = folder / "in.jsonl"
    path.write_text("".join(line + "\n" for line in lines))
    return path


def parquet(folder: Path, columns: Mapping[str, Any], name: str = "in.parquet") -> Path:
    """Write columns."""
    pq.write_table(pa.table(dict(columns)), folder / name)
    return folder / name


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("other", ["NaN", "Infinity", "[1, NaN]", "null"])
def test_a_number_keeps_its_text_whatever_its_row_holds(number: str, other: str, tmp_path: Path) -> None:
    line = f'{{"a":1.50,"n":{number},"x":{other}}}'

    found = score(json_lines(tmp_path, line), features=[A], to="jsonl")

    assert found.lines == [line[:-1] + ',"prediction":0.5}']
    assert found.values == {"a": [1.5]}


def test_numbers_of_csv_keep_their_digits_in_json_lines(tmp_path: Path) -> None:
    cells = {"1.10": "1.10", "+1.10": "1.10", ".5": "0.5", "5.": "5", "007": "7", "1e5": "1e5", "-0.0": "-0.0",
             "true": "true", "NA": "null", "": "null", "nan": "null", "-.25E+3": "-0.25E+3"}  # fmt: skip
    (tmp_path / "in.csv").write_text("a,b\n" + "".join(f"{cell},x\n" for cell in cells))

    found = score(tmp_path / "in.csv", features=[Feature("a", missing=True)], to="jsonl")

    assert [line.split(",")[0] for line in found.lines] == [f'{{"a":{number}' for number in cells.values()]
    assert all(json.loads(line) for line in found.lines)


def _column(found: Scored, to: str) -> list[Any]:
    if to == "csv":
        return [row["a"] for row in found.cells]
    if to == "jsonl":
        return [json.loads(line)["a"] for line in found.lines]
    return found.table.column("a").to_pylist()  # type: ignore[no-any-return]


@pytest.mark.parametrize("to", FORMATS)
def test_minus_zero_keeps_its_sign(to: str, tmp_path: Path) -> None:
    for name in FORMATS:
        path = written([{"a": -0.0, "x": -0.0}, {"a": 0.0, "x": 1.0}, {"a": -1.5, "x": 1.0}], tmp_path / f"in.{name}")

        found = score(path, features=[A], to=to)

        values = _column(found, to)
        assert [str(float(value)) for value in values] == ["-0.0", "0.0", "-1.5"]
        assert found.values == {"a": [0.0, 0.0, -1.5]}


@pytest.mark.parametrize(
    "kind",
    # An older Arrow writes no Parquet of 32-bit decimals, so that there is none to read.
    [pa.decimal128(10, 2), pa.decimal128(38, 18), pa.decimal256(60, 4), *([pa.decimal32(9, 2)] if ARROW > 21 else [])],
    ids=str,
)
def test_decimals_in_json_lines_are_numbers_that_score_again(kind: pa.DataType, tmp_path: Path) -> None:
    columns = {"a": pa.array([Decimal("12.50"), Decimal("-0.25")]).cast(kind)}
    columns["kept"] = columns["a"]

    found = score(parquet(tmp_path, columns), features=[A], to="jsonl")
    again = score(json_lines(tmp_path, *found.lines), features=[A], columns=OutputColumns(prediction="second"))

    assert [json.loads(line)["kept"] for line in found.lines] == [12.5, -0.25]
    assert found.lines[0].startswith('{"a":12.50')
    assert (again.values, again.rejects) == ({"a": [12.5, -0.25]}, [])


ODD = (float("inf"), float("-inf"), float("nan"), None, 1.5)


def test_predictions_that_are_not_finite_are_kept_in_csv(tmp_path: Path) -> None:
    path = written([{"a": float(n)} for n in range(5)], tmp_path / "in.csv")

    found = score(path, features=[A], answer=lambda _: ODD)

    assert [row["prediction"] for row in found.cells] == ["inf", "-inf", "nan", "", "1.5"]
    assert found.notices == []


def test_predictions_that_are_not_finite_are_kept_in_parquet(tmp_path: Path) -> None:
    path = written([{"a": float(n)} for n in range(5)], tmp_path / "in.csv")

    found = score(path, features=[A], to="parquet", answer=lambda _: ODD).table.column("prediction")

    assert found.type == pa.float64()
    assert [str(value) for value in found.to_pylist()] == ["inf", "-inf", "nan", "None", "1.5"]


def test_non_finite_predictions_are_counted_nulls_in_json_lines(tmp_path: Path) -> None:
    path = written([{"a": float(n)} for n in range(5)], tmp_path / "in.csv")

    found = score(path, features=[A], to="jsonl", answer=lambda _: ODD)

    assert [json.loads(line)["prediction"] for line in found.lines] == [None, None, None, None, 1.5]
    assert found.notices == [Notice(AS_NULL, "prediction", 3, "inf")]


@pytest.mark.parametrize("to", ["csv", "jsonl"])
def test_losses_within_lists_are_counted(to: str, tmp_path: Path) -> None:
    path = written([{"a": 1.0}, {"a": 2.0}], tmp_path / "in.csv")

    found = score(path, features=[A], to=to, answer=lambda _: [[1.0, float("nan")], [1.0, 2.0]])

    assert found.notices == [Notice(AS_NULL, "prediction", 1, "nan")]
    assert "[1.0,null]" in found.out.decode()


LARGE: dict[str, tuple[list[Any], pa.DataType]] = {
    "int64": ([2**53 + 1, -(2**63)], pa.int64()),
    "uint64": ([2**63, 2**64 - 1], pa.uint64()),
    "uint64 and small": ([1, 2**64 - 1], pa.uint64()),
    "both signs": ([-1, 2**63], pa.string()),
    "past 64 bits": ([2**64, 0], pa.string()),
    "lists of int64": ([[2**60, 1], []], pa.list_(pa.int64())),
    "lists of uint64": ([[2**63], [None]], pa.list_(pa.uint64())),
}


@pytest.mark.parametrize("name", LARGE)
def test_integers_that_no_double_holds_are_integers_in_parquet(name: str, tmp_path: Path) -> None:
    answers, kind = LARGE[name]
    path = written([{"a": 1.0}, {"a": 2.0}], tmp_path / "in.csv")

    found = score(path, features=[A], to="parquet", answer=lambda _: answers).table.column("prediction")

    assert found.type == kind
    assert found.to_pylist() == (list(map(str, answers)) if kind == pa.string() else answers)


LINES = {
    "half of a character": '{"a":1,"s":"\\ud83d","b":true}',
    "half of a character in a list": '{"a":1,"s":["x",{"y":"\\\\\\udc00"}]}',
    "half of a character as a name": '{"a":1,"\\ud83d":2}',
    "nesting without end": '{"a":1,"s":' + "[" * 100_000 + "]" * 100_000 + "}",
    "nesting of a feature": '{"a":' + "[" * 990 + "]" * 990 + ',"s":1}',
    "digits of a feature": '{"a":' + "9" * 5000 + ',"s":1}',
    "half of a character for a number": '{"a":"\\ud83d","s":1}',
    "half a character beside NaN": '{"a":NaN,"s":"\\ud83d"}',
}


@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.parametrize("name", LINES)
def test_a_value_that_no_file_can_hold_is_a_reject(name: str, to: str, tmp_path: Path) -> None:
    first = '{"a":1,"s":"\\ud83d\\ude00","b":[]}'

    found = score(json_lines(tmp_path, first, LINES[name], first), features=[A], to=to)

    assert found.values == {"a": [1.0, 1.0]}
    assert [one.line for one in found.rejects] == [2]
    found.rejects[0].reason.encode()


@pytest.mark.parametrize("to", FORMATS)
def test_long_numbers_and_deep_lists_of_other_fields_pass_through(to: str, tmp_path: Path) -> None:
    deep, long = "[" * 300 + "]" * 300, "9" * 5000

    found = score(json_lines(tmp_path, f'{{"a":1,"d":{deep},"n":{long},"x":NaN}}'), features=[A], to=to)

    assert found.rejects == []
    if to == "parquet":
        assert found.table.select(["d", "n"]).to_pylist() == [{"d": deep, "n": long}]
    else:
        assert deep in found.out.decode()
        assert long in found.out.decode()


def test_a_key_that_is_absent_is_null(tmp_path: Path) -> None:
    features = [A, Feature("b", missing=True), Feature("t", "string")]
    path = json_lines(tmp_path, '{"a":1,"b":2,"t":"x"}', '{"a":1}', '{"b":1,"t":"y"}', '{"a":null,"b":1,"t":null}')

    found = score(path, features=features, to="jsonl")

    assert (found.values["a"], found.values["t"]) == ([1.0, 1.0], ["x", ""])
    assert [one.line for one in found.rejects] == [3, 4]
    assert len({one.reason for one in found.rejects}) == 1
    assert found.lines[1] == '{"a":1,"prediction":0.5}'


IDS = [uuid.UUID(int=7), None]
ZONED = pa.array([0, 10**12], pa.int64())
COLUMNS: dict[str, tuple[Any, list[Any]]] = {
    "uuid": (pa.array([each and each.bytes for each in IDS], pa.uuid()), [str(IDS[0]), ""]),
    "a zone that is unknown": (
        ZONED.cast(pa.timestamp("ms", "Mars/Phobos")), ["1970-01-01 00:00:00.000Z", "2001-09-09 01:46:40.000Z"]
    ),
    "list of dictionaries": (
        pa.array([["p", "q"], None], pa.list_(pa.dictionary(pa.int8(), pa.string()))), ['["p","q"]', ""]
    ),
    "struct of dictionaries": (
        pa.array([{"k": "p"}, None], pa.struct([("k", pa.dictionary(pa.int8(), pa.string()))])), ['{"k":"p"}', ""]
    ),
    "list of views": (pa.array([["p"], []], pa.list_(pa.string_view())), ['["p"]', "[]"]),
    "duration": (pa.array([timedelta(seconds=1), None]), ["1000000", ""]),
    "time": (pa.array([time(3, 4, 5), None]), ["03:04:05.000000", ""]),
    "date": (pa.array([date(2024, 1, 2), None]), ["2024-01-02", ""]),
    "half": (pa.array([1.5, None], pa.float16()), ["1.5", ""]),
    "map": (pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())), ['[["k",1]]', ""]),
    "decimal": (pa.array([Decimal("1.50"), None]), ["1.50", ""]),
    "uint64": (pa.array([2**64 - 1, None], pa.uint64()), [str(2**64 - 1), ""]),
    "large list": (pa.array([[1], None], pa.large_list(pa.int64())), ["[1]", ""]),
    "null": (pa.nulls(2), ["", ""]),
}  # fmt: skip


@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.parametrize("name", COLUMNS)
def test_a_parquet_column_of_any_type_passes_through(name: str, to: str, tmp_path: Path) -> None:
    column, cells = COLUMNS[name]

    found = score(parquet(tmp_path, {"a": [1.0, 2.0], "x": column}), features=[A], to=to)

    assert len(found.values["a"]) == 2
    if to == "csv":
        assert [row["x"] for row in found.cells] == cells
    elif to == "jsonl":
        assert [json.loads(line)["prediction"] for line in found.lines] == [0.5, 0.5]
        assert (json.loads(found.lines[1])["x"] is None) == (cells[1] == "")
    else:
        assert found.table.num_rows == 2
        assert found.table.column("x").null_count == column.null_count


@pytest.mark.parametrize("name", ["timestamps", "dates", "text"])
def test_dates_of_any_type_are_read_for_a_date(name: str, tmp_path: Path) -> None:
    day = datetime(2024, 1, 2, tzinfo=UTC).replace(tzinfo=None)
    columns = {"timestamps": [day], "dates": [day.date()], "text": ["2024-01-02"]}

    found = score(parquet(tmp_path, {"a": columns[name]}), features=[Feature("a", "datetime")])

    assert found.rejects == []
    assert len(found.values["a"]) == 1
