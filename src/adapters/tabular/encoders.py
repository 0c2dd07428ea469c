"""The encoder for a file, by its name and its options."""

from collections.abc import Sequence

import pyarrow as pa

from foreseen.adapters.tabular.csv.csv_encoder import CsvEncoder
from foreseen.adapters.tabular.csv.csv_lines import CsvStyle
from foreseen.adapters.tabular.file_layout import KIND_NAMES, layout_of
from foreseen.adapters.tabular.jsonl.jsonl_encoder import JsonlEncoder
from foreseen.adapters.tabular.parquet.parquet_encoder import ParquetEncoder
from foreseen.adapters.tabular.remote.urls import is_remote, shown_url
from foreseen.adapters.tabular.sealing.excel_limits import ExcelLimits
from foreseen.adapters.tabular.sealing.seal_trial import try_seal
from foreseen.adapters.tabular.sealing.seals import SEALS
from foreseen.adapters.tabular.writing.added_columns import AddedColumn, added_columns, members_of
from foreseen.adapters.tabular.writing.compressed_encoder import CompressedEncoder
from foreseen.adapters.tabular.writing.kept_columns import kept_columns
from foreseen.domain.tables.notices import Notices
from foreseen.domain.tables.renamed_columns import in_names_of_columns
from foreseen.domain.tables.table import TableEncoder
from foreseen.domain.tables.table_format import DEFAULT_COLUMNS, DEFAULT_FORM, OutputColumns, TableForm
from foreseen.domain.values.output import Output
from foreseen.domain.values.signature import Signature


def table_encoder(
    schema: pa.Schema,
    *,
    path: str,
    name: str,
    outputs: Sequence[Output],
    signature: Signature,
    fingerprint: bytes = b"",
    form: TableForm = DEFAULT_FORM,
    columns: OutputColumns = DEFAULT_COLUMNS,
    notices: Notices | None = None,
) -> TableEncoder:
    """Return an encoder of rows that were read with these columns; errors call the file `name`.

    Args:
        notices: counts values that the format cannot represent.
    Raises:
        TableError: a column to keep is not there, or one to add is; or the format has no type for one.
    """
    signature = in_names_of_columns(signature, form.columns_as)
    layout = layout_of(shown_url(path) if is_remote(path) else path, form)
    added = added_columns(outputs, prediction=columns.prediction)
    if columns.model_column is not None:
        added.append(AddedColumn(columns.model_column, constant=f"{columns.model_name}@{fingerprint.hex()[:12]}"))
    names = members_of(added) if layout.kind == "jsonl" else [column.name for column in added]
    kept = kept_columns(schema.names, columns, names, name=name)
    encoder: TableEncoder
    if (seal := SEALS.get(layout.kind)) is not None:
        kept_schema = pa.schema([schema.field(column) for column in kept])
        encoder = ParquetEncoder(kept_schema, added=added, signature=signature, seal=seal)
        try_seal(seal, encoder.schema, what=KIND_NAMES[layout.kind], name=name)
        return ExcelLimits(encoder, kept=kept, added=len(added), name=name) if layout.kind == "xlsx" else encoder
    if layout.kind == "jsonl":
        encoder = JsonlEncoder(kept, added=added, signature=signature, notices=notices)
    else:
        style = CsvStyle(layout.delimiter, layout.quote, layout.dialect.escape or "")
        decimal = layout.dialect.decimal or "."
        encoder = CsvEncoder(kept, added=added, style=style, decimal=decimal, notices=notices)
    return CompressedEncoder(encoder, layout.compression) if layout.compression else encoder
