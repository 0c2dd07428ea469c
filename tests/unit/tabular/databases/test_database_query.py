"""A query of a database is read as a file of its rows is."""

import io
import sqlite3
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from foreseen.adapters.tabular.columns.chunk_rows import record_batch_of
from foreseen.adapters.tabular.databases.database_query import query_of
from foreseen.adapters.tabular.open_tables import opened_tables
from foreseen.adapters.tabular.sources.remote_identity import why_once
from foreseen.domain.errors import TableError
from foreseen.domain.values.signature import Feature, Signature

ROWS = [(1, 0.5, "x", None, 1), (2, 2, "y", None, "many"), (3, None, None, None, 2.5)]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database of a table whose last column holds what it will."""
    path = tmp_path / "rows of mine.db"
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE t (a INTEGER, f, s TEXT, n, m)")
        made.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", ROWS)
    made.close()
    return path


def read(source: str, *features: Feature) -> tuple[pa.Schema, list[Any], list[Any]]:
    """Return the schema of a query, its rows and the lines of its rejects."""
    signature = Signature(features or (Feature("a"),))
    with opened_tables([source], signature=signature, standard_input=io.BytesIO()) as tables:
        chunks = list(tables)
        schema = tables.schema
    rows = [row for chunk in chunks if chunk.table is not None for row in record_batch_of(chunk).to_pylist()]
    return schema, rows, [(one.source, one.line, one.column) for chunk in chunks for one in chunk.rejects]


def test_columns_have_the_type_of_all_their_values(database: Path) -> None:
    schema, rows, _ = read(f"sqlite:///{database}?query=SELECT * FROM t;")

    assert schema.types == [pa.int64(), pa.float64(), pa.string(), pa.null(), pa.string()]
    assert rows[1] == {"a": 2, "f": 2.0, "s": "y", "n": None, "m": "many"}
    assert [row["m"] for row in rows] == ["1", "many", "2.5"]


def test_a_query_may_be_encoded_as_urls_are(database: Path) -> None:
    assert read(f"sqlite:///{database}?query=SELECT+a+FROM+t+WHERE+s%3D'y'")[1] == [{"a": 2}]


def test_a_value_that_does_not_fit_rejects_its_row(database: Path) -> None:
    source = f"sqlite:///{database}?query=SELECT a, m AS w FROM t"

    _, rows, rejects = read(source, Feature("w"))

    assert [row["a"] for row in rows] == [1, 3]
    assert rejects == [(f"sqlite:///{database}", 2, "w")]


def test_a_database_is_only_read(database: Path) -> None:
    with pytest.raises(TableError, match=r"db: expected a query that SQLite answers, got: "):
        read(f"sqlite:///{database}?query=DELETE FROM t RETURNING a")


INVALID = {
    "no file": ("sqlite:///away.db?query=SELECT 1 AS a", "expected an SQLite database, got no such file"),
    "no query": ("sqlite:///away.db", "sqlite:///away.db: expected a query behind it, as ?query=TEXT, got none"),
    "no column": ("sqlite:///{db}?query=SELECT 1 AS b", "expected a column 'a', got b"),
    "no table": ("sqlite:///{db}?query=SELECT * FROM u", "expected a query that SQLite answers, got: no such table: u"),
}


@pytest.mark.parametrize("name", INVALID)
def test_an_invalid_query_is_reported(name: str, database: Path) -> None:
    source, said = INVALID[name]

    with pytest.raises(TableError) as caught:
        read(source.format(db=database))

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_run_over_a_query_does_not_go_on() -> None:
    assert (
        why_once("sqlite:///a.db?query=SELECT 1", is_read=True) == "a query, which may return its rows in another order"
    )


def test_duckdb_needs_no_database() -> None:
    assert query_of("duckdb://?query=SELECT 1").path == ""
    assert query_of("duckdb:////data/a.db?query=SELECT 1").path == "/data/a.db"
    assert query_of("sqlite:///a%20b.db?query=SELECT 1").path == "a b.db"


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("COPY (SELECT 1 AS a) TO '{}'", "COPY"),
        ("SELECT 1 AS a; COPY (SELECT 1) TO '{}'", "COPY"),
        ("EXPORT DATABASE '{}'", "EXPORT"),
        ("CREATE TABLE t (a INT); INSERT INTO t VALUES (1)", "INSERT"),
        ("EXPLAIN ANALYZE COPY (SELECT 1) TO '{}'", "EXPLAIN"),
    ],
)
def test_duckdb_runs_no_statement_that_writes(query: str, kind: str, tmp_path: Path) -> None:
    with pytest.raises(TableError, match=f"^duckdb://: expected a query that only reads, got .* kind {kind}$"):
        read(f"duckdb://?query={query.format(tmp_path / 'out')}")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("before", ["", "SELECT E'\\'' AS b, ", "SELECT $$'$$ AS b, ", "/* ' */ "])
def test_duckdb_runs_no_query_a_part_of_which_writes(before: str, tmp_path: Path) -> None:
    part = f"WITH t AS (copy (SELECT 1) to '{tmp_path / 'out'}') SELECT 1 AS a"
    query = f"{before}(SELECT a FROM ({part})) AS a" if "SELECT" in before else before + part

    with pytest.raises(TableError, match=r"^duckdb://: expected a query that only reads, got COPY … TO within it$"):
        read(f"duckdb://?query={query}")

    assert list(tmp_path.iterdir()) == []


def test_duckdb_may_read_columns_and_texts_that_are_called_copy() -> None:
    query = "SELECT 1 AS a, 'COPY t TO x' AS copy -- COPY TO"

    assert read(f"duckdb://?query={query}")[1] == [{"a": 1, "copy": "COPY t TO x"}]


@pytest.mark.parametrize(
    "options", ["", "(READ_ONLY FALSE)", "(READ_WRITE)", "-- (READ_ONLY)", "/* */ (BLOCK_SIZE 16384) -- (READ_ONLY)"]
)
def test_duckdb_attaches_no_database_that_could_be_written(options: str, tmp_path: Path) -> None:
    query = f"ATTACH '{tmp_path / 'new.db'}' AS n {options}\n; CREATE TABLE n.t AS SELECT 1 AS a; FROM n.t"

    with pytest.raises(TableError, match=r"^duckdb://: expected ATTACH … \(READ_ONLY\), got one that may write$"):
        read(f"duckdb://?query={query}")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options", ["(READ_ONLY)", "(TYPE duckdb, read_only true);"])
def test_duckdb_reads_a_database_that_is_attached_to_be_read(options: str, tmp_path: Path) -> None:
    path = tmp_path / "it (is) -- mine.db"
    with duckdb.connect(path) as made:
        made.sql("CREATE TABLE t AS SELECT 7 AS a")

    assert read(f"duckdb://?query=ATTACH '{path}' AS n {options}; FROM n.t")[1] == [{"a": 7}]


def test_duckdb_runs_what_prepares_a_query() -> None:
    _, rows, _ = read("duckdb://?query=SET threads = 1; PIVOT (SELECT 'a' AS n, 2 AS v) ON n USING sum(v)")

    assert [row["a"] for row in rows] == [2]


def test_duckdb_answers_with_typed_columns() -> None:
    schema, rows, _ = read("duckdb://?query=SELECT range AS a, 'x' AS s FROM range(2)")

    assert schema.types == [pa.int64(), pa.string()]
    assert rows == [{"a": 0, "s": "x"}, {"a": 1, "s": "x"}]
    with pytest.raises(TableError, match=r"^duckdb://: expected a query that DuckDB answers, got: Binder Error"):
        read("duckdb://?query=SELECT nope")
