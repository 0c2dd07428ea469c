"""Layout: the format of a file and its options, by its name, its first bytes and the caller's options."""

import codecs
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final, Literal

from foreseen.domain.errors import TableError
from foreseen.domain.tables.csv_dialect import DEFAULT_DIALECT, CsvDialect
from foreseen.domain.tables.table_format import TableForm

Kind = Literal["csv", "parquet", "jsonl", "json", "arrow", "orc", "xlsx", "sql"]
"""Formats that can be read; "json" is an array of objects."""
Compression = Literal["gzip", "zstd", "bz2", "xz", "zip"]

STANDARD: Final = "-"
"""The name of standard input and standard output."""

KIND_NAMES: Final[dict[Kind, str]] = {
    "csv": "CSV",
    "parquet": "Parquet",
    "jsonl": "JSON Lines",
    "json": "JSON",
    "arrow": "Arrow",
    "orc": "ORC",
    "xlsx": "Excel",
    "sql": "SQL",
}
_KINDS: Final[dict[str, tuple[Kind, str]]] = {
    "csv": ("csv", ","),
    "txt": ("csv", ","),
    "tsv": ("csv", "\t"),
    "parquet": ("parquet", ""),
    "pq": ("parquet", ""),
    "jsonl": ("jsonl", ""),
    "ndjson": ("jsonl", ""),
    "json": ("json", ""),
    "arrow": ("arrow", ""),
    "arrows": ("arrow", ""),
    "feather": ("arrow", ""),
    "ipc": ("arrow", ""),
    "orc": ("orc", ""),
    "xlsx": ("xlsx", ""),
    "xlsm": ("xlsx", ""),
}
_OTHERS: Final = {
    "xlsb", "xls", "ods", "avro", "pkl", "pickle", "h5", "hdf5",
    "db", "sqlite", "duckdb", "rds", "rdata", "dta", "sav", "sas7bdat", "xml", "html", "7z", "rar", "tar", "lz4",
}  # fmt: skip
"""Endings of names of unsupported formats; such a file should not be taken for CSV."""

_COMPRESSIONS: Final[dict[str, Compression]] = {
    ".gz": "gzip", ".gzip": "gzip", ".zst": "zstd", ".zstd": "zstd", ".bz2": "bz2", ".xz": "xz", ".zip": "zip",
}  # fmt: skip
_WRITTEN: Final = ("gzip", "zstd")
"""Compressions of output: files of these may be concatenated, so that rows can be added."""
_MARK: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class Layout:
    """The format of one file, and its options.

    Attributes:
        compression: of a file to write; None for none, and for a file to read, which is uncompressed by then.
        delimiter, quote, encoding: of CSV; the encoding of JSON Lines as well. The quote is empty for no quotes.
        dialect: further options of CSV.
    """

    kind: Kind
    compression: Compression | None
    delimiter: str
    quote: str
    encoding: str
    dialect: CsvDialect = DEFAULT_DIALECT

    @property
    def has_types(self) -> bool:
        """Whether each column has one type; in text each value is by itself."""
        return self.kind not in ("csv", "jsonl", "json")


def layout_of(path: str, form: TableForm) -> Layout:
    """Return the layout of a file to write; CSV if neither its options nor its name say the format.

    Raises:
        TableError: the format cannot be written, or not with that compression.
    """
    name, compression = uncompressed_name(path)
    kind, delimiter = _KINDS[form.format or _format_by_name(name) or "csv"]
    if kind == "json":
        raise TableError(
            f"{path}: expected a format that rows can be added to, got json; jsonl has one object per line"
        )
    if kind not in ("csv", "jsonl") and compression is not None:
        expected = f"expected output in {KIND_NAMES[kind]} as it is, which is compressed within"
        raise TableError(f"{path}: {expected}, got {compression} around it")
    if compression is not None and compression not in _WRITTEN:
        raise TableError(f"{path}: expected output as it is, or in gzip (.gz) or zstd (.zst), got {compression}")
    if delimiter == ",":
        delimiter = form.delimiter_of_inputs or delimiter
    return Layout(kind, compression, form.delimiter or delimiter, form.quote, _known(form.encoding), form.dialect)


def layout_to_read(name: str, form: TableForm, found: Kind | None, head: bytes) -> Layout:
    """Return the layout of a file to read, which is uncompressed by now.

    Args:
        name: without the ending of the compression.
        found: the format that its first bytes reveal; None for text.
        head: its first bytes.
    Raises:
        TableError: neither name nor bytes reveal the format, or it is not the one in the options.
    """
    encoding = _known(form.encoding)
    said = form.format or (_format_by_name(name) if found is None else None)
    kind, delimiter = _KINDS[said or "csv"]
    if found is not None:
        if form.format is not None and found != kind:
            raise TableError(f"{name}: expected {KIND_NAMES[kind]}, as --format says, got {KIND_NAMES[found]}")
        kind = found
    elif kind in ("jsonl", "json") or said is None:
        kind = _kind_of_text(head.decode(encoding, errors="ignore"), is_json=said is not None)
    return Layout(kind, None, form.delimiter or delimiter, form.quote, encoding, form.dialect)


def uncompressed_name(path: str) -> tuple[str, Compression | None]:
    """Return a name without the ending of its compression, and the compression."""
    ending = PurePath(path).suffix
    compression = _COMPRESSIONS.get(ending.lower())
    return (path, None) if compression is None else (path.removesuffix(ending), compression)


def _kind_of_text(text: str, *, is_json: bool) -> Kind:
    """Return the format of a text that may be JSON; CSV if neither name nor content decides."""
    start = "".join(text.removeprefix(_MARK).split())[:2]
    if start.startswith("[") if is_json else start in ("[{", "[]"):
        return "json"
    return "jsonl" if is_json or start in ('{"', "{}") else "csv"


def _format_by_name(name: str) -> str | None:
    """Return the ending of a name if it is that of a format; None otherwise.

    Raises:
        TableError: it is that of an unsupported format.
    """
    ending = PurePath(name.lower()).suffix[1:]
    if ending in _OTHERS:
        *others, last = (name for kind, name in KIND_NAMES.items() if kind != "sql")
        raise TableError(
            f"{name}: expected {', '.join(others)} or {last}, got a name that ends in .{ending}; "
            "--format says what an input is, --output-format what is to be written"
        )
    return ending if ending in _KINDS else None


def _known(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        raise TableError(f"expected an encoding such as utf-8, utf-16, latin-1 or cp1252, got {encoding!r}") from None
