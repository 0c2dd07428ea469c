"""What other programs write is read, and the cells that are kept come out as they went in, in the same dialect."""

import csv
import io
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from foreseen.domain.tables.csv_dialect import CsvDialect
from foreseen.domain.tables.table_format import TableForm
from foreseen.domain.values.signature import Feature
from support.example_counts import examples
from support.table_round_trip import copied

TEXT = st.text(alphabet="aNÅ €.,;|\t\"'\n\\#0-", max_size=6)
NUMBER = st.floats(-1e6, 1e6).map(lambda number: round(number, 3))
ROWS = st.lists(st.tuples(NUMBER, TEXT, TEXT), min_size=1, max_size=6)
FEATURES = (Feature("n"), Feature("t", dtype="string"))


def form_of(delimiter: str, quote: str, escape: str | None = None, decimal: str = ".") -> TableForm:
    """Return the form that the command line makes of these options."""
    dialect = CsvDialect(escape=escape, decimal=decimal, is_quote_chosen=True)
    return TableForm(delimiter=delimiter, quote=quote, dialect=dialect)


def check(text: str, form: TableForm, rows: list[tuple[float, str, str]], **dialect: Any) -> None:
    """Copy a table, and compare what is read and what is written with what was to be read and written."""
    found = copied(text, *FEATURES, form=form)

    assert found.rejects == []
    assert found.rows == [(number, cell) for number, cell, _ in rows]
    read = csv.reader(io.StringIO(found.out, newline=""), **dialect)
    assert [row[1:3] for row in read] == [["t", "extra"], *([cell, extra] for _, cell, extra in rows)]


@given(
    ROWS,
    st.sampled_from(",;|\t "),
    st.sampled_from("\"'"),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["\n", "\r\n"]),
)
@settings(max_examples=examples(20), deadline=None)
def test_quoted_dialects_of_the_csv_module_are_written_unchanged(
    rows: list[tuple[float, str, str]], delimiter: str, quote: str, quoting: int, end: str
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quotechar=quote, quoting=quoting, lineterminator=end)  # type: ignore[arg-type]
    writer.writerows([("n", "t", "extra"), *rows])

    check(text.getvalue(), form_of(delimiter, quote), rows, delimiter=delimiter, quotechar=quote)


@given(ROWS, st.sampled_from(",;|\t"), st.booleans())
@settings(max_examples=examples(20), deadline=None)
def test_escaped_dialects_of_the_csv_module_are_written_unchanged(
    rows: list[tuple[float, str, str]], delimiter: str, has_quotes: bool
) -> None:
    dialect: dict[str, Any] = {"delimiter": delimiter, "escapechar": "\\", "doublequote": False}
    dialect |= {"quotechar": '"'} if has_quotes else {"quoting": csv.QUOTE_NONE, "quotechar": None}
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", **dialect).writerows([("n", "t", "extra"), *rows])

    check(text.getvalue(), form_of(delimiter, '"' if has_quotes else "", "\\"), rows, **dialect)


@given(ROWS, st.sampled_from(",;\t"), st.sampled_from(".,"), st.booleans())
@settings(max_examples=examples(20), deadline=None)
def test_files_of_pandas_are_written_unchanged(
    rows: list[tuple[float, str, str]], delimiter: str, decimal: str, has_index: bool
) -> None:
    frame = pd.DataFrame(rows, columns=["n", "t", "extra"]).set_index(pd.RangeIndex(len(rows)))
    text = frame.to_csv(index=has_index, sep=delimiter, decimal=decimal)

    found = copied(text, *FEATURES, form=form_of(delimiter, '"', decimal=decimal))

    assert found.rows == [(number, cell) for number, cell, _ in rows]
    written, kept = (
        pd.read_csv(io.StringIO(each), sep=delimiter, keep_default_na=False, dtype=str)[["n", "t", "extra"]]
        for each in (text, found.out)
    )
    assert kept.equals(written)


@given(
    st.lists(st.tuples(NUMBER, st.none() | TEXT, st.none() | TEXT), min_size=1, max_size=6),
    st.sampled_from(",;|\t"),
    st.booleans(),
)
@settings(max_examples=12, deadline=None)
def test_files_of_duckdb_are_read_by_it_unchanged(
    rows: list[tuple[float, str | None, str | None]], delimiter: str, is_forced: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as database:
        database.execute("create table rows (n double, t varchar, extra varchar)")
        database.executemany("insert into rows values (?, ?, ?)", rows)
        path = Path(folder, "in.csv")
        forced = ", force_quote (t, extra)" if is_forced else ""
        database.execute(f"copy rows to '{path}' (delimiter '{delimiter}', header{forced})")

        found = copied(path.read_bytes(), Feature("n"), form=form_of(delimiter, '"'))

        path.write_text(found.out, newline="")
        again = database.execute(
            "select n, t, extra from read_csv(?, delim=?, header=true, columns=?, quote='\"', escape='\"', "
            "auto_detect=false, allow_quoted_nulls=false)",
            [str(path), delimiter, {"n": "double", "t": "varchar", "extra": "varchar", "prediction": "integer"}],
        ).fetchall()
    assert again == rows
