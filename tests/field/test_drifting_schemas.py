"""Columns whose type differs from file to file are one column, and those that are not written do not matter (I16)."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from foreseen.domain.errors import TableError
from foreseen.domain.tables.condition_text import read_condition
from foreseen.domain.tables.row_choice import RowChoice
from foreseen.domain.tables.table_format import OutputColumns, TableForm
from foreseen.domain.values.signature import Feature
from support.scored_tables import Scored, score

DECIMAL = pa.decimal128(20, 0)
DAY = datetime(2024, 1, 2)  # noqa: DTZ001 - a date without a zone is what is meant


def drifting(folder: Path, *days: dict[str, Any], **options: Any) -> Scored:
    """Score files of one row group each, the first of which comes first."""
    paths = []
    for number, columns in enumerate(days):
        paths.append(folder / f"{number}.parquet")
        pq.write_table(pa.table(columns), paths[-1])
    return score(*paths, **options)


FEATURES: dict[str, tuple[Feature, list[Any], pa.DataType]] = {
    "integers, then doubles": (Feature("a"), [pa.array([1]), pa.array([2.5])], pa.float64()),
    "doubles, then integers": (Feature("a"), [pa.array([1.5]), pa.array([2])], pa.float64()),
    "a day without any": (Feature("a", missing=True), [pa.array([1]), pa.nulls(1)], pa.int64()),
    "first a day without any": (Feature("a", missing=True), [pa.nulls(1), pa.array([2.5])], pa.float64()),
    "integers of two widths": (Feature("a", "int64"), [pa.array([1], pa.int8()), pa.array([2])], pa.int64()),
    "bools, then integers": (Feature("a"), [pa.array([True]), pa.array([2])], pa.float64()),
    "decimals, then doubles": (
        Feature("a"), [pa.array([1]).cast(pa.decimal128(19, 0)), pa.array([2.5])], pa.float64()
    ),
    "texts, then a day without any": (Feature("a", "string"), [pa.array(["x"]), pa.nulls(1)], pa.string()),
    "a dictionary, then texts": (
        Feature("a", "string"), [pa.array(["x"]).dictionary_encode(), pa.array(["y"])], pa.string()
    ),
    "dates as texts, then timestamps": (
        Feature("a", "datetime"), [pa.array(["2024-01-02"]), pa.array([DAY])], pa.timestamp("ns")
    ),
    "dates, then timestamps": (Feature("a", "datetime"), [pa.array([DAY.date()]), pa.array([DAY])], None),
}  # fmt: skip


@pytest.mark.parametrize("name", FEATURES)
@pytest.mark.parametrize("to", ["csv", "jsonl", "parquet"])
def test_a_feature_may_have_another_type_each_day(name: str, to: str, tmp_path: Path) -> None:
    feature, days, kind = FEATURES[name]

    found = drifting(tmp_path, *({"a": day, "b": [1]} for day in days), features=[feature], to=to)

    assert found.rejects == []
    assert len(found.values["a"]) == 2
    if to == "parquet":
        assert kind is None or found.table.schema.field("a").type == kind
        assert found.table.num_rows == 2


def test_a_dropped_column_may_change_type_or_be_absent(tmp_path: Path) -> None:
    days = ({"a": [1.0], "x": [1]}, {"a": [2.0], "x": ["one"], "y": [1]}, {"a": [3.0]})

    found = drifting(tmp_path, *days, features=[Feature("a")], columns=OutputColumns(keep=("a",)))

    assert [row["a"] for row in found.cells] == ["1", "2", "3"]


def test_kept_integers_and_doubles_keep_the_text_of_each_file(tmp_path: Path) -> None:
    days = ({"a": [1.0], "x": [1]}, {"a": [2.0], "x": [2.5]})

    assert [row["x"] for row in drifting(tmp_path, *days, features=[Feature("a")]).cells] == ["1", "2.5"]
    assert drifting(tmp_path, *days, features=[Feature("a")], to="parquet").table.column("x").to_pylist() == [1.0, 2.5]


def test_kept_columns_without_a_common_type_are_rejected_at_once(tmp_path: Path) -> None:
    days = ({"a": [1.0], "x": [None]}, {"a": [1.0], "x": [1]}, {"a": [2.0], "x": ["one"]})

    with pytest.raises(TableError) as caught:
        drifting(tmp_path, *days, features=[Feature("a")])

    assert str(caught.value).endswith(
        f"2.parquet: expected column 'x' to hold int64, as in {tmp_path / '1.parquet'}, got string; "
        "--keep leaves columns out"
    )


BIG = 2**53 + 1
KEPT: dict[str, tuple[list[pa.Array], pa.DataType]] = {
    "integers beyond 2^53, then a day without any": ([pa.array([BIG]), pa.nulls(1)], pa.int64()),
    "integers that doubles hold": ([pa.array([7]), pa.array([2.5])], pa.float64()),
    "integers, and beyond them without a sign": ([pa.array([-1]), pa.array([2**64 - 1], pa.uint64())], DECIMAL),
    "integers that need no wider type": ([pa.array([-1]), pa.array([7], pa.uint64())], pa.int64()),
    "integers, then decimals": ([pa.array([7]), pa.array([Decimal("1.25")])], pa.decimal128(22, 2)),
    "decimals that doubles hold": ([pa.array([Decimal("1.25")]), pa.array([2.5])], pa.float64()),
    "seconds, then nanoseconds": (
        [pa.array([DAY], pa.timestamp("s")), pa.array([DAY], pa.timestamp("ns"))], pa.timestamp("ns")
    ),
    "a dictionary, then texts": ([pa.array(["x"]).dictionary_encode(), pa.array(["y"])], pa.string()),
    "lists of integers, then of doubles": ([pa.array([[1]]), pa.array([[2.5]])], pa.list_(pa.float64())),
}  # fmt: skip


@pytest.mark.parametrize("name", KEPT)
def test_a_kept_column_has_one_type_that_loses_nothing(name: str, tmp_path: Path) -> None:
    days, kind = KEPT[name]

    found = drifting(tmp_path, *({"a": [1.0], "x": day} for day in days), features=[Feature("a")], to="parquet")

    assert found.table.schema.field("x").type == kind
    assert found.table.column("x").to_pylist() == [each for day in days for each in day.to_pylist()]


LOST: dict[str, tuple[list[pa.Array], str, str]] = {
    "integers beyond 2^53": ([pa.array([BIG]), pa.array([2.5])], "double", "got int64"),
    "such integers further down": ([pa.array([2.5]), pa.array([7, BIG])], "double", "got int64"),
    "decimals of many digits": ([pa.array([Decimal("9007199254740993.25")]), pa.array([2.5])], "double", "got decimal"),
    "seconds past nanoseconds": (
        [pa.array([datetime(9999, 1, 1)], pa.timestamp("s")), pa.array([DAY], pa.timestamp("ns"))],  # noqa: DTZ001
        "timestamp[ns]",
        "got timestamp[ms]",
    ),
    "lists of such integers": ([pa.array([[BIG]]), pa.array([[2.5]])], "list<", "got list<"),
}


@pytest.mark.parametrize("name", LOST)
def test_a_lossy_kept_column_is_rejected_at_once(name: str, tmp_path: Path) -> None:
    days, expected, got = LOST[name]
    columns = [{"a": [1.0] * len(day), "x": day} for day in days]

    with pytest.raises(TableError) as caught:
        drifting(tmp_path, *columns, features=[Feature("a")], to="parquet")

    for said in (f"expected column 'x' to hold {expected}", got, "--keep leaves columns out"):
        assert said in str(caught.value)
    assert drifting(tmp_path, *columns, features=[Feature("a")]).cells[0]["x"]


def test_a_feature_of_an_impossible_type_rejects_only_its_row(tmp_path: Path) -> None:
    days = ({"a": [BIG]}, {"a": [2.0]})

    found = drifting(tmp_path, *days, features=[Feature("a", "int64")], to="parquet")

    assert [one.column for one in found.rejects] == ["a"]
    assert found.table.column("a").to_pylist() == [2]


def test_a_column_of_conditions_alone_may_have_any_type(tmp_path: Path) -> None:
    days = ({"a": [1.0], "x": [BIG]}, {"a": [2.0], "x": [2.5]})
    form = TableForm(rows=RowChoice(where=read_condition("x > 0")))

    found = drifting(tmp_path, *days, features=[Feature("a")], to="parquet", form=form, columns=OutputColumns(keep=()))

    assert found.values == {"a": [1.0, 2.0]}


def test_later_json_lines_files_may_have_further_fields(tmp_path: Path) -> None:
    for name, line in (("1", '{"a":1}'), ("2", '{"a":2,"note":"x"}')):
        (tmp_path / f"{name}.jsonl").write_text(line + "\n")
    paths = (tmp_path / "1.jsonl", tmp_path / "2.jsonl")

    assert score(*paths, features=[Feature("a")], columns=OutputColumns(keep=("a",))).values == {"a": [1.0, 2.0]}
    assert [one.line for one in score(*paths, features=[Feature("a")]).rejects] == [1]
