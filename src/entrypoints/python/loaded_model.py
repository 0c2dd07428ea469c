"""Model: a model that is loaded in this process, with its caches, for Python code to use."""

import weakref
from collections.abc import Sequence
from contextlib import AsyncExitStack
from threading import Thread
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Self, get_args

from foreseen.domain.errors import ModelUnavailableError, TableError
from foreseen.domain.tables.table import Scored
from foreseen.domain.tables.table_format import OutputColumns
from foreseen.entrypoints.batch.score_table import score
from foreseen.entrypoints.cli.run.progress_display import shown_progress
from foreseen.entrypoints.cli.run.run_files import names_of
from foreseen.entrypoints.deterministic_caching import cache_what_repeats
from foreseen.entrypoints.python.collected_predictions import Collected
from foreseen.entrypoints.python.file_arguments import as_in_python
from foreseen.entrypoints.python.loop_thread import LoopThread
from foreseen.entrypoints.python.shown_progress import Progress, progression
from foreseen.settings import Settings, SettingsError
from foreseen.wiring.predictors import load_for_files
from foreseen.wiring.run_tables import Answers, Given, given_frame
from foreseen.wiring.scoring import opened_run, wire_scoring

if TYPE_CHECKING:
    from foreseen.domain.bulk.bulk import BulkPredict
    from foreseen.domain.model.model_info import ModelInfo

OnError = Literal["raise", "reject"]
"""What happens to a row that cannot be scored: it raises an error, or its prediction is missing."""


class Model:
    """A loaded model; `predict` and `score` may be called from any thread, even one with a running event loop.

    Close it, or use it in a `with` block, to release its threads and connections at once; otherwise they are released
    when nothing refers to the model any more.
    """

    def __init__(self, settings: Settings, *, jobs: int | None = None) -> None:
        """Load the model that the settings name, as `foreseen.load` does.

        Args:
            jobs: concurrent calls of the model; None for the default of `foreseen.load`.
        Raises:
            ModelUnavailableError: it cannot be loaded.
        """
        is_auto = not settings.is_cache_chosen
        settings = settings.model_copy(update=_defaults(settings))
        self._path = settings.model
        predictor = load_for_files(settings, jobs=jobs)
        self.name = settings.model_name
        self.info: ModelInfo = predictor.info
        settings = cache_what_repeats(settings, self.info.determinism)
        self._scoring = wire_scoring(settings, predictor, jobs=jobs, is_auto=is_auto)
        self._tables = self._scoring.tables
        stack = AsyncExitStack()
        self._loop = LoopThread()
        self._end = weakref.finalize(self, _ended, self._loop, stack)
        self._predict: BulkPredict = self._loop.run(stack.enter_async_context(opened_run(self._scoring)))

    @property
    def fingerprint(self) -> str:
        """The digest of this exact model, in hexadecimal."""
        return self.info.fingerprint.hex()

    def predict(self, data: object, *, on_error: OnError = "raise") -> Any:
        """Predict rows, with the caches; the answers are those of `foreseen score` and of the service.

        Args:
            data: a DataFrame of pandas or polars or an Arrow table with a column for each feature; an array with a row
                for each instance; a list of dicts, or of lists in the order of the features.
            on_error: whether a row that cannot be scored raises an error, or has a missing prediction.
        Returns:
            The predictions, a row for each of the data, in a type that follows it: a Series, or a DataFrame for
            several outputs; an Arrow table; an array, or a dict of arrays for several outputs; a list of values, or of
            dicts for several outputs.
        Raises:
            SettingsError: `on_error` is unknown.
            TableError: the data is no table, or has no column for a feature.
            RejectedRowsError: a row cannot be scored.
            PredictionError: the model failed.
            ModelUnavailableError: the model was closed, or this process is a fork of the one that loaded it.
        """
        given = self._tables.rows(data)
        return given.predicted(self._answers(given, on_error, "none", "prediction"))

    def score(
        self,
        frame: object,
        *,
        keep: Sequence[str] | None = None,
        prediction_column: str = "prediction",
        on_error: OnError = "raise",
        progress: Progress = "auto",
    ) -> Any:
        """Predict the rows of a frame, and return it with the predictions beside its columns.

        Args:
            frame: a DataFrame of pandas or polars, or an Arrow table.
            keep: names of the columns to keep, as a sequence or as text with commas between; all by default.
            prediction_column: name of the prediction's column; names of probability columns begin with it.
            on_error: whether a row that cannot be scored raises an error; "reject" leaves its prediction missing and
                adds a column of reasons, named like the prediction's with `_error` appended.
            progress: how progress is shown.
        Returns:
            A frame of the same kind, its rows in the same order.
        Raises:
            SettingsError, TableError, RejectedRowsError, PredictionError, ModelUnavailableError: as `predict`.
        """
        given = given_frame(frame)
        names = names_of(keep) if isinstance(keep, str) else keep
        columns = OutputColumns(None if names is None else tuple(names), prediction_column)
        has_reasons = on_error == "reject"
        try:
            kept = self._tables.kept_columns(given, columns, has_reasons=has_reasons)
        except TableError as exc:
            raise TableError(as_in_python(str(exc))) from None
        answers = self._answers(given, on_error, progress, prediction_column)
        return given.beside(answers.table(has_reasons=has_reasons), kept)

    def close(self) -> None:
        """Release threads and connections; the model cannot be used afterwards."""
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<foreseen.Model {self.name}, fingerprint {self.fingerprint[:12]}>"

    def __reduce__(self) -> NoReturn:
        """Raise TypeError: threads and connections cannot be copied or sent to another process."""
        raise TypeError(f"{self!r} cannot be pickled or copied; foreseen.load({str(self._path)!r}) loads it elsewhere")

    def _answers(self, given: Given, on_error: str, progress: str, prediction: str) -> Answers:
        """Read, predict and collect what was given."""
        if on_error not in get_args(OnError):
            raise SettingsError(f"on_error: expected 'raise' or 'reject', got {on_error!r}")
        if self._loop.is_forked():
            said = f"{self._path}: expected the process that loaded the model, got a fork of it"
            raise ModelUnavailableError(f"{said}; foreseen.load loads the model there")
        if not self._end.alive:
            raise ModelUnavailableError(f"{self._path}: expected a model that is open, got one that was closed")
        reader = self._tables.frame_reader(given)
        sink = Collected(given.name, raises=on_error == "raise")
        how = progression(progress)
        with shown_progress(self._predict, reader, reader.rows, how=how, before=Scored()) as show:
            self._loop.run(score(self._predict, reader, sink, sink, progress=show, at_once=self._scoring.at_once))
        return self._tables.answers(prediction=prediction, count=reader.rows, parts=sink.parts, rejects=sink.rejects)


def _defaults(settings: Settings) -> dict[str, str]:
    """Return defaults of the Python API: caches where they pay, and the model in this process."""
    # Another process would lack the functions and classes that a notebook defines.
    defaults = {} if settings.is_cache_chosen else {"cache": "auto"}
    return defaults if "model_isolation" in settings.model_fields_set else {**defaults, "model_isolation": "thread"}


def _ended(loop: LoopThread, stack: AsyncExitStack) -> None:
    """Close the connections and threads of a model."""
    if loop.is_forked():  # they belong to the other process
        return
    if loop.is_own_thread():  # garbage may be collected on any thread, and this one cannot wait for itself
        Thread(target=_ended, args=(loop, stack), name="closing", daemon=True).start()
        return
    loop.run(stack.aclose())
    loop.close()
