"""The readers by format: another format takes a module, and a line here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from foreseen.adapters.tabular.csv.csv_reader import CsvReader
from foreseen.adapters.tabular.file_content.content import Content
from foreseen.adapters.tabular.file_layout import KIND_NAMES, Kind
from foreseen.adapters.tabular.jsonl.jsonl_reader import JsonlReader
from foreseen.adapters.tabular.missing.missing_words import MissingWords
from foreseen.adapters.tabular.parquet.parquet_reader import ParquetReader
from foreseen.adapters.tabular.reading.reader_types import ArrowReader
from foreseen.adapters.tabular.reading.typed_reader import TypedReader, TypedRows
from foreseen.adapters.tabular.sources.arrow_rows import ArrowRows
from foreseen.adapters.tabular.sources.excel_rows import ExcelRows
from foreseen.adapters.tabular.sources.json_array import array_of_lines
from foreseen.domain.tables.notices import Notices
from foreseen.domain.values.signature import Signature


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to read of a file.

    Attributes:
        keep: columns that are needed besides the features; None for all.
        columns: those of the first file, if this is another.
        words: words for a missing value; None for an empty one alone.
        notices: counts remarks about a file that lose no row; None to count nothing.
    """

    signature: Signature
    keep: Sequence[str] | None = None
    columns: Sequence[str] | None = None
    words: MissingWords | None = None
    notices: Notices | None = None


def reader_of(content: Content, wanted: Wanted) -> ArrowReader:
    """Return the reader of a file that is open; raise TableError if it is not a table of these columns."""
    return _READERS[content.layout.kind](content, wanted)


def _csv(content: Content, wanted: Wanted) -> ArrowReader:
    return CsvReader(
        content.stream,
        name=content.name,
        signature=wanted.signature,
        layout=content.layout,
        words=wanted.words,
        notices=wanted.notices,
    )


def _json_lines(content: Content, wanted: Wanted) -> ArrowReader:
    return JsonlReader(
        content.stream,
        name=content.name,
        signature=wanted.signature,
        layout=content.layout,
        columns=wanted.columns,
        wanted=wanted.keep,
        words=wanted.words,
    )


def _json_array(content: Content, wanted: Wanted) -> ArrowReader:
    lines = array_of_lines(content.stream, name=content.name, encoding=content.layout.encoding)
    return JsonlReader(
        lines,
        name=content.name,
        signature=wanted.signature,
        columns=wanted.columns,
        wanted=wanted.keep,
        words=wanted.words,
    )


def _parquet(content: Content, wanted: Wanted) -> ArrowReader:
    return ParquetReader(
        content.stream, name=content.name, signature=wanted.signature, wanted=wanted.keep, words=wanted.words
    )


def _arrow(content: Content, wanted: Wanted) -> ArrowReader:
    return _typed(lambda: ArrowRows(content.stream), content, wanted)


def _orc(content: Content, wanted: Wanted) -> ArrowReader:
    from foreseen.adapters.tabular.sources.orc_rows import OrcRows  # noqa: PLC0415 - imported if it is used

    return _typed(lambda: OrcRows(content.stream), content, wanted)


def _excel(content: Content, wanted: Wanted) -> ArrowReader:
    return _typed(
        lambda: ExcelRows(content.stream, name=content.name, sheet=content.sheet, features=wanted.signature.names),
        content,
        wanted,
    )


def _typed(open_rows: Callable[[], TypedRows], content: Content, wanted: Wanted) -> TypedReader:
    what = KIND_NAMES[content.layout.kind]
    return TypedReader(
        open_rows,
        name=content.name,
        what=what,
        signature=wanted.signature,
        wanted=wanted.keep,
        words=wanted.words,
    )


_READERS: Final[Mapping[Kind, Callable[[Content, Wanted], ArrowReader]]] = {
    "csv": _csv,
    "jsonl": _json_lines,
    "json": _json_array,
    "parquet": _parquet,
    "arrow": _arrow,
    "orc": _orc,
    "xlsx": _excel,
}
