"""Columns whose type differs from file to file are one column, and those that are not written do not matter (I16)."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from foreseen.domain.errors import TableError
from foreseen.domain.signature import Feature
from foreseen.domain.table_form import OutputColumns
from support.tables import Scored, score

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


def test_a_column_that_is_not_kept_may_have_any_type_and_may_be_absent(tmp_path: Path) -> None:
    days = ({"a": [1.0], "x": [1]}, {"a": [2.0], "x": ["one"], "y": [1]}, {"a": [3.0]})

    found = drifting(tmp_path, *days, features=[Feature("a")], columns=OutputColumns(keep=("a",)))

    assert [row["a"] for row in found.cells] == ["1", "2", "3"]


def test_a_kept_column_of_integers_and_doubles_keeps_each_files_own_text(tmp_path: Path) -> None:
    days = ({"a": [1.0], "x": [1]}, {"a": [2.0], "x": [2.5]})

    assert [row["x"] for row in drifting(tmp_path, *days, features=[Feature("a")]).cells] == ["1", "2.5"]
    assert drifting(tmp_path, *days, features=[Feature("a")], to="parquet").table.column("x").to_pylist() == [1.0, 2.5]


def test_kept_columns_that_have_no_type_in_common_are_refused_at_once(tmp_path: Path) -> None:
    days = ({"a": [1.0], "x": [1]}, {"a": [2.0], "x": ["one"]})

    with pytest.raises(TableError) as caught:
        drifting(tmp_path, *days, features=[Feature("a")])

    assert str(caught.value).endswith(
        f"1.parquet: expected column 'x' to hold int64, as in {tmp_path / '0.parquet'}, got string; "
        "--keep leaves columns out"
    )


def test_a_later_file_of_json_lines_may_have_fields_that_are_not_kept(tmp_path: Path) -> None:
    for name, line in (("1", '{"a":1}'), ("2", '{"a":2,"note":"x"}')):
        (tmp_path / f"{name}.jsonl").write_text(line + "\n")
    paths = (tmp_path / "1.jsonl", tmp_path / "2.jsonl")

    assert score(*paths, features=[Feature("a")], columns=OutputColumns(keep=("a",))).values == {"a": [1.0, 2.0]}
    assert [one.line for one in score(*paths, features=[Feature("a")]).rejects] == [1]
