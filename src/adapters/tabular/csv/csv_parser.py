"""CsvParser: blocks of rows as columns of text, by pyarrow; malformed rows are rejects."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from foreseen.adapters.tabular.csv.csv_blocks import Block
from foreseen.adapters.tabular.csv.csv_special_characters import Places, Signs, text_behind
from foreseen.adapters.tabular.csv.csv_swallowed_rows import SWALLOWED, swallowing_rows
from foreseen.adapters.tabular.reading.chunk_sizes import even_slices
from foreseen.domain.errors import TableError
from foreseen.domain.tables.missing_value_words import MISSING_WORDS
from foreseen.domain.tables.table import Mask, Reject

_MARK: Final = "\N{ZERO WIDTH NO-BREAK SPACE}".encode()
"""At the start of a text pyarrow takes it for a byte order mark, even if it is a character of a row."""
_Aside = list[pyarrow.csv.InvalidRow]
_WORDS: Final = ("", *MISSING_WORDS)
"""Words by which some programs write a missing value; in quotes they are texts."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """Rows of a block.

    Attributes:
        table: their cells.
        lines: the line that each begins on.
        rejects: the rows between them that have other numbers of cells, or quotes in the wrong places.
        quoted: by column, which cells are in quotes that distinguish them from a missing value, if any are.
    """

    table: pa.RecordBatch
    lines: Places
    rejects: Sequence[Reject]
    quoted: Mapping[str, Mask] = field(default_factory=dict)

    def parts(self) -> Iterator["Parsed"]:
        """Yield them in parts of the size of a chunk."""
        start = 0
        for table in even_slices(self.table):
            end = start + table.num_rows
            is_last = end == self.table.num_rows
            yield Parsed(
                table,
                self.lines[start:end],
                [
                    one
                    for one in self.rejects
                    if (start == 0 or one.line > self.lines[start - 1]) and (is_last or one.line < self.lines[end - 1])
                ],
                {name: mask[start:end] for name, mask in self.quoted.items()},
            )
            start = end
        if not start:
            yield self


class CsvParser:
    """Parses each block as if it were a file by itself."""

    def __init__(
        self,
        columns: Sequence[str],
        signs: Signs,
        *,
        name: str,
        is_quote_chosen: bool = True,
        words: Sequence[str] = (),
    ) -> None:
        """Accept the names of the columns; `name` is that of the file in rejects and errors.

        Args:
            is_quote_chosen: whether cells in quotes are accepted whatever they contain.
            words: further words for a missing value.
        """
        self.columns = tuple(columns)
        self._signs = signs
        self._name = name
        self._is_quote_chosen = is_quote_chosen
        self._words = {word: len(word.encode()) for word in (*_WORDS, *words)}
        self._types = dict.fromkeys(columns, pa.string())

    def parse(self, block: Block) -> Parsed:
        """Parse some rows.

        Raises:
            TableError: pyarrow finds other rows.
        """
        aside: _Aside = []
        text = self._with_plain_escapes(block.text)
        table = self._read(text, aside, pyarrow.csv.ConvertOptions(column_types=self._types, check_utf8=False))
        reasons = {row.number - 1: f"expected {row.expected_columns} cells, got {row.actual_columns}" for row in aside}
        in_table = np.delete(np.arange(len(block.lines)), list(reasons))
        if len(in_table) != table.num_rows:
            rows = f"{len(block.lines):,} rows from line {block.lines[0]} on"
            raise TableError(f"{self._name}: expected {rows}, got {table.num_rows + len(reasons):,} of pyarrow")
        quoted = self._quoted(block, text, table)
        for name, mask in self._escaped(block, table).items():
            quoted[name] = mask | quoted.get(name, np.False_)
        bad_rows = self._bad_rows(block)
        if bad_rows:
            reasons |= bad_rows
            is_kept = ~np.isin(in_table, list(bad_rows))
            table, in_table = table.filter(pa.array(is_kept)), in_table[is_kept]
            quoted = {name: mask[is_kept] for name, mask in quoted.items()}
        rejects = [
            Reject(self._name, int(block.lines[row]), "", reasons[row], block.row(row)) for row in sorted(reasons)
        ]
        return Parsed(table, block.lines[in_table], rejects, quoted)

    def other_widths(self, block: Block) -> list[int]:
        """Return the cell counts of the rows that do not have one cell per column."""
        aside: _Aside = []
        self._read(self._with_plain_escapes(block.text), aside, pyarrow.csv.ConvertOptions(column_types=self._types))
        return [row.actual_columns for row in aside]

    def _read(self, text: bytes, aside: _Aside, convert: pyarrow.csv.ConvertOptions) -> pa.RecordBatch:
        def set_aside(row: pyarrow.csv.InvalidRow) -> str:
            aside.append(row)
            return "skip"

        if text.startswith(_MARK):
            text = _MARK + text
        try:
            found = pyarrow.csv.read_csv(
                pa.BufferReader(text),
                read_options=pyarrow.csv.ReadOptions(
                    use_threads=False,  # otherwise invalid rows come without their number
                    block_size=len(text) + 1,
                    column_names=self.columns,
                ),
                parse_options=pyarrow.csv.ParseOptions(
                    delimiter=self._signs.delimiter.decode(),
                    quote_char=self._signs.quote.decode() or False,
                    escape_char=self._signs.escape.decode() or False,
                    newlines_in_values=bool(self._signs.quote or self._signs.escape),
                    ignore_empty_lines=False,
                    invalid_row_handler=set_aside,
                ),
                convert_options=convert,
            )
        except pa.ArrowInvalid as exc:
            raise TableError(f"{self._name}: expected a CSV file: {str(exc).splitlines()[0]}") from exc
        batches = found.combine_chunks().to_batches()
        return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=found.schema)

    def _bad_rows(self, block: Block) -> dict[int, str]:
        """Return the reason for each row that is rejected because of its quotes, by the row's index."""
        bad_rows = {int(row): text_behind(block.row(int(row)).encode(), self._signs) for row in block.followed}
        if not self._is_quote_chosen:
            bad_rows |= dict.fromkeys(swallowing_rows(block, self._signs, len(self.columns)), SWALLOWED)
        return bad_rows

    def _with_plain_escapes(self, text: bytes) -> bytes:
        """Double the escapes before ordinary characters, which pyarrow would drop."""
        escape = self._signs.escape
        if not escape or escape not in text:
            return text
        special = re.escape(self._signs.edges + self._signs.quote + escape)
        form = re.escape(escape) + rb"(?:([" + special + rb"])|)"
        return re.sub(form, lambda found: found[0] if found[1] else escape * 2, text)

    def _quoted(self, block: Block, text: bytes, table: pa.RecordBatch) -> dict[str, Mask]:
        """Return, by column, which cells are in quotes that distinguish them from a missing value."""
        words = [word for word, size in self._words.items() if size in block.quoted_lengths]
        if not words:
            return {}
        values = pa.array(words)
        are_words = [pc.is_in(cells, values) for cells in table.columns]
        if not any(pc.any(each, min_count=0).as_py() for each in are_words):
            return {}
        unquoted = self._read(
            text,
            [],
            pyarrow.csv.ConvertOptions(
                column_types=self._types,
                check_utf8=False,
                null_values=words,
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
        return self._found(
            pc.and_(are, pc.is_valid(others)) for are, others in zip(are_words, unquoted.columns, strict=True)
        )

    def _escaped(self, block: Block, table: pa.RecordBatch) -> dict[str, Mask]:
        """Return, by column, which cells are MySQL's word for a missing value with its backslash escaped: a text."""
        escape = self._signs.escape.decode()
        word = f"{escape}N"
        if not escape or f"{escape}{word}".encode() not in block.text:
            return {}
        options = pyarrow.csv.ConvertOptions(column_types=self._types, check_utf8=False)
        as_they_are = self._read(block.text, [], options)
        return self._found(
            pc.and_(pc.equal(cells, word), pc.equal(others, word))
            for cells, others in zip(table.columns, as_they_are.columns, strict=True)
        )

    def _found(self, masks: Iterable[pa.Array]) -> dict[str, Mask]:
        arrays = (mask.to_numpy(zero_copy_only=False) for mask in masks)
        return {name: mask for name, mask in zip(self.columns, arrays, strict=True) if mask.any()}
