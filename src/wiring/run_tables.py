"""The tables of a run, read and written for one model."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from foreseen.adapters.tabular.encoders import table_encoder
from foreseen.adapters.tabular.frames.frame_answers import Answers
from foreseen.adapters.tabular.frames.frame_reader import FrameReader
from foreseen.adapters.tabular.frames.frame_scoring import answers_of, frame_reader, kept_of_frame
from foreseen.adapters.tabular.frames.given_rows import Given, GivenFrame
from foreseen.adapters.tabular.frames.recognise_rows import given_frame, given_rows
from foreseen.adapters.tabular.open_tables import opened_tables
from foreseen.domain.model.model_info import ModelInfo
from foreseen.domain.tables.notices import RunNotices
from foreseen.domain.tables.table import Lines, Reject, TableEncoder, TableReader
from foreseen.domain.tables.table_format import DEFAULT_COLUMNS, DEFAULT_FORM, OutputColumns, TableForm
from foreseen.domain.values.predictions import Predictions

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Answers", "Given", "GivenFrame", "RunTables", "given_frame"]


@dataclass(frozen=True, slots=True)
class RunTables:
    """What reads and writes the tables of a run.

    Attributes:
        info: describes the model.
        notices: what readers and encoders come across.
    """

    info: ModelInfo
    notices: RunNotices = field(default_factory=RunNotices)

    def opened(
        self,
        sources: Sequence[str],
        *,
        standard_input: BinaryIO | None,
        form: TableForm = DEFAULT_FORM,
        keep: Sequence[str] | None = None,
        has_types: bool = True,
    ) -> AbstractContextManager[TableReader]:
        """Open files as one table, by `opened_tables`."""
        return opened_tables(
            sources,
            signature=self.info.signature,
            standard_input=standard_input,
            form=form,
            keep=keep,
            notices=self.notices.reading,
            has_types=has_types,
        )

    def encoder(
        self,
        schema: "pa.Schema",
        *,
        path: str,
        name: str,
        form: TableForm = DEFAULT_FORM,
        columns: OutputColumns = DEFAULT_COLUMNS,
    ) -> TableEncoder:
        """Return what writes an output, by `table_encoder`."""
        return table_encoder(
            schema,
            path=path,
            name=name,
            outputs=self.info.outputs,
            signature=self.info.signature,
            fingerprint=self.info.fingerprint,
            form=form,
            columns=columns,
            notices=self.notices.writing,
        )

    def rows(self, data: object) -> Given:
        """Return rows from Python code in a uniform form, by `given_rows`."""
        return given_rows(data, signature=self.info.signature)

    def frame_reader(self, given: Given) -> FrameReader:
        """Return what reads the features of rows from Python code, by `frame_reader`."""
        return frame_reader(given, signature=self.info.signature)

    def kept_columns(self, given: Given, columns: OutputColumns, *, has_reasons: bool) -> list[str]:
        """Return the names of the columns that are kept beside predictions, by `kept_of_frame`."""
        return kept_of_frame(given, columns, has_reasons=has_reasons, outputs=self.info.outputs)

    def answers(
        self,
        *,
        prediction: str,
        count: int,
        parts: Sequence[tuple[Lines, Predictions]],
        rejects: Sequence[Reject],
    ) -> Answers:
        """Return the predictions and rejects of rows from Python code, by `answers_of`."""
        return answers_of(
            prediction=prediction,
            count=count,
            parts=parts,
            rejects=rejects,
            outputs=self.info.outputs,
            signature=self.info.signature,
        )
