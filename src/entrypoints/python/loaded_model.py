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
"""What becomes of a row that cannot be scored: an error, or a missing prediction."""


class Model:
    """A loaded model; `predict` and `score` may be called from any thread, also where an event loop runs.

    Close it, or use it in a `with` block, to let go of its threads and connections at once; else that is done when
    nothing refers to it any more.
    """

    def __init__(self, settings: Settings, *, jobs: int | None = None) -> None:
        """Load the model that the settings name, as `foreseen.load` does.

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

    def predict(self, data: Any, *, on_error: OnError = "raise") -> Any:
        """Predict rows: answers are the very ones of `foreseen score` and of the service, and come from the caches.

        Args:
            data: a DataFrame of pandas or polars or an Arrow table with a column for each feature; an array of a row an
                instance; a list of dicts, or of lists in the order of the features.
            on_error: whether a row that cannot be scored raises an error, or has a missing prediction.
        Returns:
            As the data was given, a row each: a Series, or a DataFrame for several outputs; an Arrow table; an array,
            or a dict of arrays for several outputs; a list of values, or of dicts for several outputs.
        Raises:
            TableError: the data is no table, or has no column for a feature.
            RejectedRowsError: a row cannot be scored.
            PredictionError: the model failed.
        """
        given = self._tables.rows(data)
        return given.predicted(self._answers(given, on_error, "none", "prediction"))

    def score(
        self,
        frame: Any,
        *,
        keep: Sequence[str] | None = None,
        prediction_column: str = "prediction",
        on_error: OnError = "raise",
        progress: Progress = "auto",
    ) -> Any:
        """Predict the rows of a frame, and return it with the predictions beside its columns.

        Args:
            frame: a DataFrame of pandas or polars, or an Arrow table.
            keep: columns to keep, or their names with commas between; all of them by default.
            prediction_column: the name of the prediction, from which those of its probabilities are made.
            on_error: whether a row that cannot be scored raises an error; "reject" leaves its prediction missing and
                adds a column, named as the prediction with `_error` behind, of the reasons.
            progress: how progress is shown.
        Returns:
            A frame of the same kind, its rows in the same order.
        Raises:
            TableError, RejectedRowsError, PredictionError: as `predict`.
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
        """Raise TypeError: its threads and connections cannot be copied or sent to another process."""
        raise TypeError(f"{self!r} cannot be pickled or copied; foreseen.load({str(self._path)!r}) loads it elsewhere")

    def _answers(self, given: Given, on_error: str, progress: str, prediction: str) -> Answers:
        """Read, predict and collect what was given."""
        if on_error not in get_args(OnError):
            raise SettingsError(f"on_error: expected 'raise' or 'reject', got {on_error!r}")
        if self._loop.is_forked():
            said = f"{self._path}: expected the process that loaded the model, got a fork of it"
            raise ModelUnavailableError(f"{said}; foreseen.load loads it there")
        if not self._end.alive:
            raise ModelUnavailableError(f"{self._path}: expected a model that is open, got one that was closed")
        reader = self._tables.frame_reader(given)
        sink = Collected(given.name, raises=on_error == "raise")
        how = progression(progress)
        with shown_progress(self._predict, reader, reader.rows, how=how, before=Scored()) as show:
            self._loop.run(score(self._predict, reader, sink, sink, progress=show, at_once=self._scoring.at_once))
        return self._tables.answers(prediction=prediction, count=reader.rows, parts=sink.parts, rejects=sink.rejects)


def _defaults(settings: Settings) -> dict[str, str]:
    """Return what is so where nothing else is said: caches where they pay, and the model in this process."""
    # What a notebook defines is not there in another process.
    defaults = {} if settings.is_cache_chosen else {"cache": "auto"}
    return defaults if "model_isolation" in settings.model_fields_set else {**defaults, "model_isolation": "thread"}


def _ended(loop: LoopThread, stack: AsyncExitStack) -> None:
    """Close what a model has open."""
    if loop.is_forked():  # its threads, and what they have open, are those of the other process
        return
    if loop.is_own_thread():  # where a garbage collection may run
        Thread(target=_ended, args=(loop, stack), name="closing", daemon=True).start()
        return
    loop.run(stack.aclose())
    loop.close()
