"""Layout: how a file is written down, by its name and by what the caller says of it."""

import codecs
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final, Literal

from foreseen.domain.errors import TableError
from foreseen.domain.table_form import TableForm

Kind = Literal["csv", "parquet", "jsonl"]
Compression = Literal["gzip", "zstd"]

STANDARD: Final = "-"
"""The name that stands for standard input and standard output."""

KIND_NAMES: Final = {"csv": "CSV", "parquet": "Parquet", "jsonl": "JSON Lines"}
_KINDS: Final[dict[str, tuple[Kind, str]]] = {
    "csv": ("csv", ","),
    "txt": ("csv", ","),
    "tsv": ("csv", "\t"),
    "parquet": ("parquet", ""),
    "pq": ("parquet", ""),
    "jsonl": ("jsonl", ""),
    "ndjson": ("jsonl", ""),
}
_OTHERS: Final = {
    "json", "xlsx", "xls", "ods", "feather", "arrow", "ipc", "orc", "avro", "pkl", "pickle", "h5", "db", "sqlite",
    "zip", "bz2", "xz", "7z", "lz4",
}  # fmt: skip
"""Endings of names that say what is neither read nor written here; such a file should not turn out to be CSV."""

_COMPRESSIONS: Final[dict[str, Compression]] = {".gz": "gzip", ".zst": "zstd"}


@dataclass(frozen=True, slots=True)
class Layout:
    """How one file is written down.

    Attributes:
        compression: None where it is not compressed.
        delimiter, quote, encoding: of CSV; the encoding of JSON Lines as well.
    """

    kind: Kind
    compression: Compression | None
    delimiter: str
    quote: str
    encoding: str


def layout_of(path: str, form: TableForm) -> Layout:
    """Tell how a file is written down; one whose name says nothing is CSV.

    Raises:
        TableError: what is said of it cannot be.
    """
    name = PurePath(path.lower())
    compression = _COMPRESSIONS.get(name.suffix)
    if compression is not None:
        name = name.with_suffix("")
    suffix = name.suffix[1:]
    if not form.format and suffix in _OTHERS:
        raise TableError(
            f"{path}: expected CSV, TSV, Parquet or JSON Lines, which may be gzip or zstd, got a name that ends in "
            f".{suffix}; --format says what an input is, --output-format what is to be written"
        )
    kind, delimiter = _KINDS[form.format or (suffix if suffix in _KINDS else "csv")]
    if kind == "parquet" and compression is not None:
        raise TableError(f"{path}: expected a Parquet file as it is, which is compressed within, got another format")
    return Layout(kind, compression, form.delimiter or delimiter, form.quote, _known(form.encoding))


def _known(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        raise TableError(f"expected an encoding such as utf-8, utf-16, latin-1 or cp1252, got {encoding!r}") from None
