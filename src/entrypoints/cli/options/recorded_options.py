"""The options of a run that change its output, as its journal records them."""

from collections.abc import Mapping
from dataclasses import fields

from foreseen.domain.tables.csv_dialect import CsvDialect
from foreseen.domain.tables.row_choice import RowChoice
from foreseen.domain.tables.table_format import OutputColumns, TableForm


def flags_of_forms(read: TableForm, written: TableForm, columns: OutputColumns) -> dict[str, str]:
    """Return the value of each flag for reading and writing files, as text; empty if it was not given.

    What the output takes over from the inputs, such as the quote, appears under the flag of the inputs.
    """
    flags = {
        **_flags_of_dialect(read.dialect),
        **_flags_of_rows(read.rows),
        "--format": read.format,
        "--delimiter": read.delimiter,
        "--quote": read.quote,
        "--encoding": read.encoding,
        "--na": ",".join(read.missing_words),
        "--sheet": read.sheet,
        "--columns-as": ",".join(f"{column}={feature}" for column, feature in read.columns_as),
        "--output-format": written.format,
        "--output-delimiter": written.delimiter,
        "--keep": None if columns.keep is None else ",".join(columns.keep) or "no column",
        "--prediction-column": columns.prediction,
        "--model-column": columns.model_column,
        "the name of the model": columns.model_name,
    }
    return {name: "" if value is None else str(value) for name, value in flags.items()}


def _flags_of_dialect(dialect: CsvDialect) -> Mapping[str, object]:
    given = {f"--{each.name.replace('_', '-')}": getattr(dialect, each.name) for each in fields(dialect)}
    is_quote_chosen = given.pop("--is-quote-chosen")
    return {**given, "--quote given": "yes" if is_quote_chosen else "no"}


def _flags_of_rows(rows: RowChoice) -> Mapping[str, object]:
    sample = rows.sample
    return {
        "--where": rows.where and rows.where.text,
        "--sample": sample and (sample.count if sample.count is not None else f"{sample.share:.10g}"),
        "--seed": sample and sample.seed,
        "--limit": rows.limit,
        "--chunk-rows": rows.chunk_rows,
    }
