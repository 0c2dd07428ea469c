"""Tables that are read and written as a scoring run does, with the same answer for each row, and without a model."""

import io
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foreseen.adapters.predictor.scikit_learn.outputs.method_outputs import method_outputs
from foreseen.adapters.tabular.encoders import table_encoder
from foreseen.adapters.tabular.open_tables import opened_tables
from foreseen.domain.tables.notices import Notices
from foreseen.domain.tables.table import Reject
from foreseen.domain.tables.table_format import DEFAULT_COLUMNS, DEFAULT_FORM, OutputColumns, TableForm
from foreseen.domain.values.json_type import Json
from foreseen.domain.values.predictions import Predictions
from foreseen.domain.values.signature import Feature, Signature


@dataclass(frozen=True)
class Copied:
    """What a table came to.

    Attributes:
        out: what was written.
        rows: what the model is given, a tuple a row.
        rejects: the rows that cannot be scored.
    """

    out: str
    rows: list[tuple[Any, ...]]
    rejects: list[Reject]

    @property
    def rejected(self) -> list[tuple[int, str]]:
        """Line and column of each reject."""
        return [(reject.line, reject.column) for reject in self.rejects]


def copied(
    data: str | bytes,
    *features: Feature,
    name: str = "in.csv",
    out: str = "out.csv",
    form: TableForm = DEFAULT_FORM,
    written: TableForm | None = None,
    columns: OutputColumns = DEFAULT_COLUMNS,
    answer: Json = 1,
    notices: Notices | None = None,
) -> Copied:
    """Read a file of this name, and write one of another; each row is answered alike.

    Args:
        written: the form of the output; None for that of the input, as the command line has it.
    """
    signature = Signature(features)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        with opened_tables(
            [str(path)], signature=signature, standard_input=io.BytesIO(), form=form, notices=notices
        ) as tables:
            encoder = table_encoder(
                tables.schema,
                path=out,
                name=out,
                outputs=method_outputs(["predict"], signature),
                signature=signature,
                form=written or TableForm(quote=form.quote, dialect=form.dialect, delimiter_of_inputs=form.delimiter),
                columns=columns,
            )
            spool = io.BytesIO(encoder.begin())
            spool.seek(0, io.SEEK_END)
            rows: list[tuple[Any, ...]] = []
            rejects: list[Reject] = []
            for chunk in tables:
                rejects += chunk.rejects
                if chunk.batch is not None:
                    rows += zip(*(column.tolist() for column in chunk.batch.columns), strict=True)
                    spool.write(encoder.encode(chunk, Predictions({"prediction": [answer] * len(chunk.batch)})))
    spool.seek(0)
    sealed = io.BytesIO()
    encoder.seal(spool, sealed)
    return Copied(sealed.getvalue().decode(errors="replace"), rows, _named(rejects, name))


def _named(rejects: Sequence[Reject], name: str) -> list[Reject]:
    """Name the file without its folder."""
    return [Reject(name, one.line, one.column, one.reason, one.row) for one in rejects]
