"""Which rows are read: by a condition, a sample and a number; the same however a file is cut and written down."""

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from foreseen.adapters.tabular.columns.chunk_rows import record_batch_of
from foreseen.adapters.tabular.open_tables import opened_tables
from foreseen.domain.errors import TableError
from foreseen.domain.tables.condition_text import read_condition
from foreseen.domain.tables.csv_dialect import CsvDialect
from foreseen.domain.tables.row_choice import RowChoice, Sample
from foreseen.domain.tables.table_format import TableForm
from foreseen.domain.values.signature import Feature, Signature

SIGNATURE = Signature((Feature("a"),))
ROWS = [
    {"a": "1", "kind": "new", "price": "9.5", "day": "2026-01-02", "ok": "true"},
    {"a": "2", "kind": "used", "price": "10", "day": "2026-01-03", "ok": "False"},
    {"a": "wide", "kind": "new", "price": "+11", "day": "2026-01-04", "ok": ""},
    {"a": "4", "kind": "", "price": "", "day": "", "ok": "true"},
    {"a": "5", "kind": 'O\'Neill, "x"', "price": "cheap", "day": "2025-12-31", "ok": "true"},
]


def read(path: Path, choice: RowChoice) -> list[tuple[int, str]]:
    """Read the chosen rows of a file: their line, and whether they are scored or rejected."""
    found = []
    with opened_tables(
        [str(path)], signature=SIGNATURE, standard_input=io.BytesIO(), form=TableForm(rows=choice)
    ) as tables:
        for chunk in tables:
            assert (chunk.batch is None) == (len(chunk.lines) == 0)
            assert chunk.batch is None or len(chunk.batch) == len(chunk.lines) == record_batch_of(chunk).num_rows
            found += [(int(line), "scored") for line in chunk.lines]
            found += [(one.line, "rejected") for one in chunk.rejects]
    return sorted(found)


def csv_file(folder: Path) -> Path:
    pa.csv.write_csv(pa.Table.from_pylist(ROWS), folder / "in.csv")
    return folder / "in.csv"


def lines(path: Path, where: str) -> list[int]:
    """Read the rows that a condition holds for, numbered from 1."""
    first = 2 if path.suffix == ".csv" else 1
    return [line - first + 1 for line, _ in read(path, RowChoice(read_condition(where)))]


WHERE = [
    ("kind == 'new'", [1, 3]),
    ("kind != 'new'", [2, 5]),
    ("kind in ('used', 'new')", [1, 2, 3]),
    ("kind not in ('used', 'new')", [5]),
    ("kind is None", [4]),
    ("kind == ''", [4]),
    ("kind != ''", [1, 2, 3, 5]),
    ("price > 9.5", [2, 3]),
    ("price >= 9.5 and price < 11", [1, 2]),
    ("price == 10 or kind == 'new'", [1, 2, 3]),
    ("not (price > 9.5)", [1]),
    ("day >= '2026-01-03'", [2, 3]),
    ("ok", [1, 4, 5]),
    ("ok == false", [2]),
    ("kind == 'O\\'Neill, \"x\"'", [5]),
    ("a == 4", [4]),
    ("kind == ok", []),
]


@pytest.mark.parametrize(("where", "chosen"), WHERE, ids=[where for where, _ in WHERE])
def test_a_condition_chooses_rows_of_csv_and_json_lines_alike(tmp_path: Path, where: str, chosen: list[int]) -> None:
    as_json = tmp_path / "in.jsonl"
    as_json.write_text("".join(json.dumps({**row, "a": _number(row["a"])}) + "\n" for row in ROWS))

    assert lines(csv_file(tmp_path), where) == chosen
    assert lines(as_json, where) == chosen


def _number(text: str) -> Any:
    return float(text) if text.isdecimal() else text


@pytest.mark.parametrize(
    ("where", "chosen"),
    [
        ("price > 9.5", [2]),
        ("price is None", [3]),
        ("day >= '2026-01-02'", [1, 2]),
        ("ok", [1]),
        ("kind == 'new'", [1]),
        ("price > a", [1, 2]),
    ],
)
def test_typed_columns_are_compared_as_what_they_are(tmp_path: Path, where: str, chosen: list[int]) -> None:
    path = tmp_path / "in.parquet"
    table = pa.table(
        {
            "a": [1.0, 2.0, 3.0],
            "price": pa.array([9, 10, None], pa.int32()),
            "day": pa.array([20455, 20456, 20089], pa.int32()).cast(pa.date32()),
            "ok": [True, False, None],
            "kind": pa.array(["new", "used", None]).dictionary_encode(),
        }
    )
    pq.write_table(table, path)

    assert lines(path, where) == chosen


def test_numbers_are_compared_as_the_dialect_writes_them(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("a;price\n1;9,5\n2;1.010,25\nwide;11,0\n")
    form = TableForm(
        delimiter=";", dialect=CsvDialect(decimal=",", thousands="."), rows=RowChoice(read_condition("price > 9.5"))
    )

    with opened_tables([str(path)], signature=SIGNATURE, standard_input=io.BytesIO(), form=form) as tables:
        chunks = list(tables)

    assert [int(line) for chunk in chunks for line in chunk.lines] == [3]
    assert [one.line for chunk in chunks for one in chunk.rejects] == [4]


@pytest.mark.parametrize("where", ["day > 'soon'", "ok > 3", "day > 3"])
def test_values_that_cannot_be_compared_are_named(tmp_path: Path, where: str) -> None:
    path = tmp_path / "in.parquet"
    pq.write_table(pa.table({"a": [1.0], "day": pa.array([1], pa.int32()).cast(pa.date32()), "ok": [True]}), path)

    with pytest.raises(TableError, match=r"^--where: expected values that can be compared in"):
        lines(path, where)


def test_a_missing_column_is_named_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(
        TableError, match=r"^--where: expected columns of the input \(a, kind.*got 'knid'; did you mean"
    ):
        lines(csv_file(tmp_path), "knid == 'new'")


def test_a_row_that_is_rejected_is_chosen_as_others_are(tmp_path: Path) -> None:
    path = csv_file(tmp_path)

    assert read(path, RowChoice(read_condition("kind == 'new'"))) == [(2, "scored"), (4, "rejected")]
    assert read(path, RowChoice(read_condition("kind == 'used'"))) == [(3, "scored")]


def test_a_short_row_is_rejected_under_any_condition(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("a,kind\n1,new\n2\n3,used\n")

    assert read(path, RowChoice(read_condition("kind == 'used'"))) == [(3, "rejected"), (4, "scored")]


def many(folder: Path, rows: int = 30_000) -> Path:
    path = folder / "many.csv"
    path.write_text("a\n" + "".join(f"{row}\n" if row % 7 else "many\n" for row in range(rows)))
    return path


@pytest.mark.parametrize("sample", [Sample(count=500), Sample(share=0.02)], ids=["count", "share"])
def test_a_sample_repeats_with_its_seed_and_differs_with_another(tmp_path: Path, sample: Sample) -> None:
    path = many(tmp_path)

    drawn = read(path, RowChoice(sample=sample))
    other = read(path, RowChoice(sample=Sample(sample.share, sample.count, seed=1)))

    assert drawn == read(path, RowChoice(sample=sample))
    assert drawn == read(path, RowChoice(sample=sample, chunk_rows=999))
    assert drawn != other
    assert len(drawn) == 500 if sample.count else 450 < len(drawn) < 750
    rejected = sum(what == "rejected" for _, what in drawn)
    assert 0.08 < rejected / len(drawn) < 0.21  # one in seven rows


def test_a_sample_is_drawn_from_all_of_the_file_alike(tmp_path: Path) -> None:
    drawn = read(many(tmp_path), RowChoice(sample=Sample(count=1000)))

    quarters = [sum(1 for line, _ in drawn if (line - 2) * 4 // 30_000 == quarter) for quarter in range(4)]
    assert sum(quarters) == 1000
    assert min(quarters) > 190


def test_a_sample_larger_than_the_file_is_all_of_it(tmp_path: Path) -> None:
    path = csv_file(tmp_path)

    assert read(path, RowChoice(sample=Sample(count=100))) == read(path, RowChoice())


@pytest.mark.parametrize("limit", [1, 3, 5, 6, 25_000, 40_000])
def test_the_first_rows_of_a_file_include_its_rejects(tmp_path: Path, limit: int) -> None:
    path = many(tmp_path)

    assert read(path, RowChoice(limit=limit)) == read(path, RowChoice())[:limit]


def test_a_condition_applies_before_a_sample_and_the_first_rows(tmp_path: Path) -> None:
    path = many(tmp_path)
    where, sample = read_condition("a < 20000"), Sample(count=200)

    below = read(path, RowChoice(where))
    drawn = read(path, RowChoice(where, sample))

    assert set(drawn) <= set(below)
    assert len(drawn) == 200
    assert read(path, RowChoice(where, sample, limit=10)) == drawn[:10]


@pytest.mark.parametrize("chunk_rows", [1, 3, 1000, 10**9])
def test_chunks_have_no_more_rows_than_wanted_and_lose_none(tmp_path: Path, chunk_rows: int) -> None:
    path = many(tmp_path, 3_000)
    choice = RowChoice(chunk_rows=chunk_rows)
    form = TableForm(rows=choice)

    with opened_tables([str(path)], signature=SIGNATURE, standard_input=io.BytesIO(), form=form) as tables:
        sizes = [len(chunk.lines) + len(chunk.rejects) for chunk in tables]

    assert max(sizes) <= chunk_rows
    assert read(path, choice) == read(path, RowChoice())


def test_rows_of_several_files_are_drawn_by_file(tmp_path: Path) -> None:
    paths = []
    for name in ("one.csv", "two.csv"):
        paths.append(tmp_path / name)
        paths[-1].write_text("a\n" + "".join(f"{row}\n" for row in range(2_000)))
    form = TableForm(rows=RowChoice(sample=Sample(share=0.1)))

    names = [str(path) for path in paths]
    drawn: dict[str, list[int]] = {name: [] for name in names}
    with opened_tables(names, signature=SIGNATURE, standard_input=io.BytesIO(), form=form) as tables:
        for chunk in tables:
            drawn[chunk.source] += map(int, chunk.lines)

    assert drawn[names[0]] != drawn[names[1]]
    assert min(map(len, drawn.values())) > 140


def rejected(paths: list[Path], where: str, *, keep: list[str] | None = None) -> list[str]:
    """Read the rows of files that a condition holds for, and return the texts of those that are rejected."""
    form = TableForm(rows=RowChoice(read_condition(where)))
    with opened_tables(
        list(map(str, paths)), signature=SIGNATURE, standard_input=io.BytesIO(), form=form, keep=keep
    ) as tables:
        return [one.row for chunk in tables for one in chunk.rejects]


def test_a_condition_finds_cells_of_rejects_in_reordered_columns(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("id,a\n8,bad\n1,bad\n")
    (tmp_path / "2.csv").write_text("a,id\nbad,9\nbad,2\n")

    assert rejected([tmp_path / "1.csv", tmp_path / "2.csv"], "id > 5") == ["8,bad", "bad,9"]


def test_a_condition_finds_cells_of_rejects_among_unread_columns(tmp_path: Path) -> None:
    pq.write_table(pa.table({"other": ["x", "y"], "id": [8, 1], "a": [None, None]}), tmp_path / "in.parquet")

    assert rejected([tmp_path / "in.parquet"], "id > 5", keep=[]) == ["8,"]


def test_a_condition_on_a_folder_name_leaves_out_rejects_too(tmp_path: Path) -> None:
    paths = [tmp_path / f"year={year}" / "in.csv" for year in (2025, 2026)]
    for path in paths:
        path.parent.mkdir()
        path.write_text(f"id,a\n{path.parent.name},bad\n")

    assert rejected(paths, "year == 2026 and id is not None") == ["year=2026,bad"]


def test_a_cell_that_begins_as_json_does_is_a_cell(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("id,a,n\n{x},bad,1\n{y},bad,2\n")

    assert rejected([tmp_path / "in.csv"], "n > 1") == ["{y},bad,2"]
