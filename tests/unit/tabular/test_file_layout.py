"""What a file is goes by its bytes where it is read, by its name where it is written, unless a format is said."""

import pytest

from foreseen.adapters.tabular.file_layout import Layout, layout_of, layout_to_read
from foreseen.domain.errors import TableError
from foreseen.domain.tables.table_format import Format, TableForm

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
    "a.csv.gzip": ("csv", "gzip", ","),
    "a.csv.zstd": ("csv", "zstd", ","),
    "a.feather": ("arrow", None, ""),
    "a.arrow": ("arrow", None, ""),
    "a.orc": ("orc", None, ""),
    "A.XLSX": ("xlsx", None, ""),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_decides_the_format_of_a_file(name: str) -> None:
    kind, compression, delimiter = NAMES[name]

    assert layout_of(name, TableForm()) == Layout(kind, compression, delimiter, '"', "utf-8")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "kind"), [("csv", "csv"), ("tsv", "csv"), ("parquet", "parquet"), ("jsonl", "jsonl")]
)
def test_a_declared_format_overrides_the_name(given: Format, kind: str) -> None:
    assert layout_of("a.avro", TableForm(given)).kind == kind
    assert layout_of("a.csv", TableForm(delimiter=";", quote="'", encoding="L1")) == Layout(
        "csv", None, ";", "'", "iso8859-1"
    )


@pytest.mark.parametrize("name", ["a.avro", "a.xls", "A.PKL", "a.dta.gz"])
def test_an_unsupported_format_is_not_taken_for_csv(name: str) -> None:
    with pytest.raises(TableError, match=r"^[aA].*: expected CSV, .*, got a name that ends in"):
        layout_of(name, TableForm())

    assert layout_of(name, TableForm("csv")).kind == "csv"


@pytest.mark.parametrize("name", ["a.csv.bz2", "a.jsonl.xz", "a.csv.zip"])
def test_rows_cannot_be_added_to_every_compression(name: str) -> None:
    with pytest.raises(TableError, match=f"^{name}: expected output as it is, or in gzip"):
        layout_of(name, TableForm())


@pytest.mark.parametrize("name", ["a.parquet.gz", "a.feather.zst", "a.xlsx.gz"])
def test_a_format_that_compresses_itself_is_not_compressed_again(name: str) -> None:
    with pytest.raises(TableError, match=f"^{name}: expected output in .* as it is, which is compressed within"):
        layout_of(name, TableForm())


TEXTS = {
    ("-", '{"a": 1}\n{"a": 2}\n'): "jsonl",
    ("-", '\ufeff [\n {"a": 1}]'): "json",
    ("-", "{a},b\n1,2\n"): "csv",
    ("day", "[a],b\n"): "csv",
    ("a.csv", '{"a": 1}\n'): "csv",
    ("a.json", '{"a": 1}\n'): "jsonl",
    ("a.jsonl", '[{"a": 1}]'): "json",
    ("a.json", ""): "jsonl",
    ("a.parquet", "a,b\n"): "parquet",
}


@pytest.mark.parametrize(("name", "text"), TEXTS)
def test_text_that_is_json_is_recognised_without_its_name(name: str, text: str) -> None:
    assert layout_to_read(name, TableForm(), None, text.encode()).kind == TEXTS[name, text]


def test_bytes_override_a_name_and_are_checked_against_a_declaration() -> None:
    assert layout_to_read("a.csv", TableForm(), "parquet", b"PAR1").kind == "parquet"
    with pytest.raises(TableError, match=r"^a.csv: expected CSV, as --format says, got Parquet$"):
        layout_to_read("a.csv", TableForm("csv"), "parquet", b"PAR1")
