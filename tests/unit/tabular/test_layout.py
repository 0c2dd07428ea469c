"""What a file is goes by its name, unless somebody says otherwise."""

import pytest

from foreseen.adapters.tabular.layout import Layout, layout_of
from foreseen.domain.errors import TableError
from foreseen.domain.table_form import Format, TableForm

NAMES = {
    "a.csv": ("csv", None, ","),
    "A.CSV": ("csv", None, ","),
    "a.txt": ("csv", None, ","),
    "a": ("csv", None, ","),
    "-": ("csv", None, ","),
    "day.1": ("csv", None, ","),
    "a.tsv.gz": ("csv", "gzip", "\t"),
    "x.y/a.csv.zst": ("csv", "zstd", ","),
    "a.gz": ("csv", "gzip", ","),
    "a.parquet": ("parquet", None, ""),
    "a.pq": ("parquet", None, ""),
    "a.jsonl": ("jsonl", None, ""),
    "a.ndjson.gz": ("jsonl", "gzip", ""),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_says_what_a_file_is(name: str) -> None:
    kind, compression, delimiter = NAMES[name]

    assert layout_of(name, TableForm()) == Layout(kind, compression, delimiter, '"', "utf-8")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "kind"), [("csv", "csv"), ("tsv", "csv"), ("parquet", "parquet"), ("jsonl", "jsonl")]
)
def test_what_is_said_stands_above_the_name(given: Format, kind: str) -> None:
    assert layout_of("a.json", TableForm(given)).kind == kind
    assert layout_of("a.csv", TableForm(delimiter=";", quote="'", encoding="L1")) == Layout(
        "csv", None, ";", "'", "iso8859-1"
    )


@pytest.mark.parametrize("name", ["a.xlsx", "a.json", "a.csv.zip", "A.CSV.BZ2", "a.json.gz"])
def test_what_a_name_says_and_nobody_here_reads_or_writes_is_not_taken_for_csv(name: str) -> None:
    with pytest.raises(
        TableError, match=f"{name}: expected CSV, TSV, Parquet or JSON Lines, .* got a name that ends in"
    ):
        layout_of(name, TableForm())

    assert layout_of(name, TableForm("csv")).kind == "csv"


def test_parquet_is_compressed_within() -> None:
    with pytest.raises(TableError, match=r"a.parquet.gz: expected a Parquet file as it is"):
        layout_of("a.parquet.gz", TableForm())
