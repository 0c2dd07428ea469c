"""Options for the files that a run reads and writes, and the value that they make up together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from foreseen.domain.tables.missing_value_words import MISSING_WORDS
from foreseen.domain.tables.table_format import TableForm
from foreseen.entrypoints.cli.options.column_options import (
    COLUMNS_AS,
    MODEL_COLUMN,
    OUTPUT_DELIMITER,
    columns_of,
    output_delimiter_of,
    pairs_of,
)
from foreseen.entrypoints.cli.options.csv_options import (
    COMMENT,
    DECIMAL,
    DELIMITER,
    ESCAPE,
    QUOTE,
    SKIP_ROWS,
    THOUSANDS,
    TRIM,
    csv_dialect,
    delimiter_of,
    quote_of,
)
from foreseen.entrypoints.cli.options.row_options import CHUNK_ROWS, LIMIT, SAMPLE, SEED, WHERE, row_choice_of
from foreseen.entrypoints.cli.run.run_files import (
    ENCODING,
    INPUT_FORMAT,
    KEEP,
    NA,
    OUTPUT_FORMAT,
    PREDICTION_COLUMN,
    SHEET,
    WRITTEN,
    Files,
    encoding_of,
    format_of,
    names_of,
    sources_of,
)
from foreseen.settings import SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class InputOptions:
    """The options for the format of the inputs and the choice of rows, unparsed."""

    input_format: Annotated[str | None, INPUT_FORMAT] = None
    delimiter: Annotated[str | None, DELIMITER] = None
    quote: Annotated[str | None, QUOTE] = None
    escape: Annotated[str | None, ESCAPE] = None
    decimal: Annotated[str | None, DECIMAL] = None
    thousands: Annotated[str | None, THOUSANDS] = None
    trim: Annotated[bool, TRIM] = False
    skip_rows: Annotated[int, SKIP_ROWS] = 0
    comment: Annotated[str | None, COMMENT] = None
    encoding: Annotated[str, ENCODING] = "utf-8"
    na: Annotated[str | None, NA] = None
    sheet: Annotated[str | None, SHEET] = None
    columns_as: Annotated[str | None, COLUMNS_AS] = None
    where: Annotated[str | None, WHERE] = None
    sample: Annotated[str | None, SAMPLE] = None
    seed: Annotated[int | None, SEED] = None
    limit: Annotated[int | None, LIMIT] = None
    chunk_rows: Annotated[int | None, CHUNK_ROWS] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputOptions:
    """The options for the format and the columns of the output, unparsed."""

    output_format: Annotated[str | None, OUTPUT_FORMAT] = None
    output_delimiter: Annotated[str | None, OUTPUT_DELIMITER] = None
    keep: Annotated[str | None, KEEP] = None
    prediction_column: Annotated[str, PREDICTION_COLUMN] = "prediction"
    model_column: Annotated[str | None, MODEL_COLUMN] = None


def files_of(inputs: Sequence[str], given: InputOptions, written: OutputOptions, *, model_name: str) -> Files:
    """Return which files are read and written, and how.

    Raises:
        SettingsError: an option is invalid, or two conflict.
    """
    read = _form_of(given)
    form = TableForm(
        format_of("--output-format", written.output_format, WRITTEN),
        output_delimiter_of(written.output_delimiter, quote=read.quote),
        quote=read.quote,
        dialect=read.dialect,
        delimiter_of_inputs=read.delimiter,
        columns_as=read.columns_as,
    )
    columns = columns_of(
        keep=None if written.keep is None else names_of(written.keep),
        prediction=written.prediction_column,
        model_column=written.model_column,
        model_name=model_name,
    )
    return Files(sources_of(inputs), read, form, columns)


def _form_of(given: InputOptions) -> TableForm:
    delimiter, quote = delimiter_of(given.delimiter), quote_of(given.quote)
    if delimiter == quote:
        raise SettingsError(f"--quote: expected another character than the delimiter, got {quote!r}")
    return TableForm(
        format_of("--format", given.input_format),
        delimiter,
        quote,
        encoding_of(given.encoding),
        MISSING_WORDS if given.na is None else names_of(given.na),
        sheet=given.sheet,
        dialect=csv_dialect(
            quote=given.quote,
            escape=given.escape,
            decimal=given.decimal,
            thousands=given.thousands,
            trim=given.trim,
            skip_rows=given.skip_rows,
            comment=given.comment,
        ),
        columns_as=() if given.columns_as is None else pairs_of(given.columns_as),
        rows=row_choice_of(given.where, given.sample, given.seed, given.limit, given.chunk_rows),
    )
