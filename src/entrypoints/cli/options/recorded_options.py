"""What a run was begun with, by the flags that say it: whatever changes a byte of what is written."""

from collections.abc import Mapping
from dataclasses import fields

from foreseen.domain.tables.csv_dialect import CsvDialect
from foreseen.domain.tables.row_choice import RowChoice
from foreseen.domain.tables.table_format import OutputColumns, TableForm


def flags_of_forms(read: TableForm, written: TableForm, columns: OutputColumns) -> dict[str, str]:
    """Return the value of each flag that says how files are read and written; an empty text where it is not given.

    What the output has from the inputs is named by their flags.
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
