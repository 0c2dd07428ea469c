"""The keys in a file's folders are columns of all its rows."""

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from foreseen.adapters.tabular.columns.chunk_rows import record_batch_of
from foreseen.adapters.tabular.open_tables import opened_tables
from foreseen.adapters.tabular.sources.partitions import keys_of
from foreseen.domain.errors import TableError
from foreseen.domain.tables.missing_value_words import KEPT_AS_TEXT, READ_AS_MISSING
from foreseen.domain.tables.notices import Notice
from foreseen.domain.tables.table import Chunk
from foreseen.domain.tables.table_format import TableForm
from foreseen.domain.values.signature import DType, Feature, Signature
from support.scored_tables import score

A = Feature("a")


def write(path: Path, **columns: list[Any]) -> None:
    """Write a file of a format, by its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    if path.suffix == ".parquet":
        pq.write_table(pa.table(columns), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        path.write_text("\n".join([",".join(columns), *(",".join(map(str, row.values())) for row in rows)]) + "\n")


def chunks(paths: list[Path], *features: Feature) -> tuple[tuple[str, ...], list[Chunk]]:
    """Read files."""
    with opened_tables(
        [str(path) for path in paths], signature=Signature(features), standard_input=io.BytesIO()
    ) as tables:
        return tables.columns, list(tables)


def values(chunk: Chunk) -> list[Any]:
    """Return what the model is given."""
    assert chunk.batch is not None
    return list(zip(*(column.tolist() for column in chunk.batch.columns), strict=True))


PATHS: dict[str, dict[str, str]] = {
    "data/country=de/part-0.parquet": {"country": "de"},
    "year=2026/month=01/a.csv": {"year": "2026", "month": "01"},
    "city=S%C3%A3o%20Paulo%2FSP/a.csv": {"city": "São Paulo/SP"},
    "k=__HIVE_DEFAULT_PARTITION__/a.csv": {"k": ""},
    "k=/a.csv": {"k": ""},
    "k=a=b/a.csv": {"k": "a=b"},
    "=x/a.csv": {},
    "data/k=v.csv": {},
    "https://host/day=1/a.csv?sig=x=/y": {"day": "1"},
    "-": {},
}


@pytest.mark.parametrize("path", PATHS)
def test_keys_are_those_of_the_folders(path: str) -> None:
    assert keys_of(path) == PATHS[path]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize(("dtype", "key", "value"), [("string", "007", "007"), ("int64", "7", 7), ("float64", "7", 7)])
def test_a_key_may_be_a_feature(ending: str, dtype: DType, key: str, value: Any, tmp_path: Path) -> None:
    paths = [tmp_path / f"k={key}" / f"a.{ending}", tmp_path / f"k={value}" / f"b.{ending}"]
    for path in paths:
        write(path, a=[1.0, 2.0], x=["p", "q"])

    columns, (first, second) = chunks(paths, Feature("k", dtype=dtype), A)

    assert columns == ("a", "x", "k")
    assert values(first) == [(value, 1.0), (value, 2.0)]
    assert len(values(second)) == 2


def test_a_key_that_is_no_feature_is_kept(tmp_path: Path) -> None:
    write(tmp_path / "country=de" / "a.parquet", a=[1.0, 2.0])
    write(tmp_path / "country=__HIVE_DEFAULT_PARTITION__" / "a.parquet", a=[3.0])

    _, (first, second) = chunks(sorted(tmp_path.glob("*/a.parquet"), reverse=True), A)

    assert record_batch_of(first).column("country").to_pylist() == ["de", "de"]
    assert record_batch_of(second).column("country").to_pylist() == [None]


def test_a_key_counts_even_where_the_file_has_its_column(tmp_path: Path) -> None:
    write(tmp_path / "k=2" / "a.csv", k=[1], a=[5], x=["p"])

    columns, (chunk,) = chunks([tmp_path / "k=2" / "a.csv"], Feature("k"), A)

    assert (columns, values(chunk)) == (("a", "x", "k"), [(2.0, 5.0)])
    assert record_batch_of(chunk).to_pylist() == [{"a": "5", "x": "p", "k": "2"}]


def test_an_invalid_key_rejects_the_rows_of_its_file(tmp_path: Path) -> None:
    write(tmp_path / "k=x" / "a.csv", a=["1", "?", "3"])

    _, (chunk,) = chunks([tmp_path / "k=x" / "a.csv"], Feature("k"), A)

    assert chunk.batch is None
    assert [(one.line, one.column) for one in chunk.rejects] == [(2, "k"), (3, "a"), (4, "k")]
    assert chunk.rejects[0].reason == 'expected a number, got "x"'


def test_a_missing_key_is_a_missing_value(tmp_path: Path) -> None:
    write(tmp_path / "k=__HIVE_DEFAULT_PARTITION__" / "a.csv", a=[1])

    _, (chunk,) = chunks([tmp_path / "k=__HIVE_DEFAULT_PARTITION__" / "a.csv"], Feature("k", "string", missing=True), A)

    assert values(chunk) == [(None, 1.0)]


KEYS: dict[str, tuple[Feature, str, Any, list[Notice]]] = {
    "a word where it may be missing": (
        Feature("k", "string", missing=True), "NA", None, [Notice(READ_AS_MISSING, "k", 2, "NA")]
    ),
    "a word that the model knows": (Feature("k", "string", missing=True, known=frozenset({"NA"})), "NA", "NA", []),
    "a word where nothing may be missing": (Feature("k", "string"), "NA", "NA", [Notice(KEPT_AS_TEXT, "k", 2, "NA")]),
    "a number": (Feature("k", missing=True), "-999.0", None, [Notice(READ_AS_MISSING, "k", 2, "-999")]),
    "Hive's own": (Feature("k", missing=True), "__HIVE_DEFAULT_PARTITION__", None, []),
}  # fmt: skip


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_a_key_is_read_as_a_cell_of_csv_is(name: str, ending: str, tmp_path: Path) -> None:
    feature, key, value, noticed = KEYS[name]
    write(tmp_path / f"k={key}" / f"a.{ending}", a=[1, 2], x=["p", "q"])
    write(tmp_path / "cells.csv", a=[1, 2], x=["p", "q"], k=["" if "HIVE" in key else key] * 2)
    form = TableForm(missing_words=("NA", "-999"))

    found = [
        score(path, features=[feature, A], form=form)
        for path in (tmp_path / f"k={key}" / f"a.{ending}", tmp_path / "cells.csv")
    ]

    assert [[None if each != each else each for each in one.values["k"]] for one in found] == [[value] * 2] * 2
    assert [one.notices for one in found] == [noticed] * 2


def test_rows_of_a_chunk_keep_the_keys_of_their_file(tmp_path: Path) -> None:
    write(tmp_path / "k=b" / "a.jsonl", a=[1, 2])

    _, (chunk,) = chunks([tmp_path / "k=b" / "a.jsonl"], A)

    assert chunk.take([1]).reject(0, "why").row == '{"a":2,"k":"b"}'


def test_files_without_the_same_keys_are_rejected(tmp_path: Path) -> None:
    write(tmp_path / "k=1" / "a.csv", a=[1])
    write(tmp_path / "b.csv", a=[1])

    with pytest.raises(TableError, match=r"b.csv: expected the columns of .*a.csv, got none 'k' \(a\)"):
        chunks([tmp_path / "k=1" / "a.csv", tmp_path / "b.csv"], A)


def test_a_feature_has_to_be_in_the_file_itself(tmp_path: Path) -> None:
    write(tmp_path / "a=1" / "x.csv", x=[1])

    with pytest.raises(TableError, match=r"x.csv: expected a feature in the file, got all of them in the names"):
        chunks([tmp_path / "a=1" / "x.csv"], A)
