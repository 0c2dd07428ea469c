"""`foreseen score`: the files, the progress and the exit code around a scoring run."""

import asyncio
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from foreseen.container import Container, opened
from foreseen.domain.errors import TableError
from foreseen.domain.predict import Predict
from foreseen.domain.table import Reject, Scored, Sink, TableEncoder, TableReader
from foreseen.entrypoints.batch.score import score
from foreseen.entrypoints.caching import cache_what_repeats
from foreseen.entrypoints.cli.failures import OK, SOME_REJECTED
from foreseen.entrypoints.cli.files import STANDARD, Files, size_of
from foreseen.entrypoints.cli.progress import Progression, shown_progress
from foreseen.entrypoints.logs import configure_logs
from foreseen.scoring import scoring_container
from foreseen.settings import Settings


def score_files(
    settings: Settings, files: Files, *, output: str, rejects: Path | None, force: bool, jobs: int | None
) -> int:
    """Score files into another, which is there whole in the end, or not at all; give the exit code."""
    configure_logs(settings)
    is_auto = not settings.is_cache_chosen
    if is_auto:
        settings = settings.model_copy(update={"cache": "auto"})
    container = scoring_container(settings, jobs=jobs, is_auto=is_auto)
    container.predictor()
    cache_what_repeats(container)
    _check_names(files.sources, output, rejects, force=force)
    signal.signal(signal.SIGTERM, _leave)
    started = time.perf_counter()
    with ExitStack() as stack:
        reader = stack.enter_context(
            container.tables(files.sources, standard_input=sys.stdin.buffer, form=files.input, keep=files.columns.keep)
        )
        name = "standard output" if output == STANDARD else output
        encoder = container.table_encoder(
            reader.schema, path=output, name=name, form=files.output, columns=files.columns
        )
        aside = _Rejects(container, stack, rejects or _beside(output), is_named=rejects is not None)
        out = stack.enter_context(_output(container, output))
        stream = stack.enter_context(_spool(output)) if encoder.has_to_be_sealed else out
        sink = container.stream_sink(stream, aside.open, name=name, begin=encoder.begin())
        scored = asyncio.run(_run(container, reader, encoder, sink, size=size_of(files.sources)))
        if encoder.has_to_be_sealed:
            encoder.seal(stream, out)
    aside.finish()
    _summarise(scored, time.perf_counter() - started, container.predict(), aside.path)
    return SOME_REJECTED if scored.rejected else OK


def _check_names(sources: Sequence[str], output: str, rejects: Path | None, *, force: bool) -> None:
    """Refuse to write over a file that is there, or into one that is read or written already."""
    for path in (None if output == STANDARD else Path(output), rejects):
        if path is not None and path.is_file() and not force:
            raise TableError(f"{path}: expected a new file, got one that exists; --force replaces it")
    taken = {Path(name).resolve() for name in (*sources, output)}
    if rejects is not None and rejects.resolve() in taken:
        raise TableError(f"{rejects}: expected another file for rejected rows than the inputs and the output")


def _leave(*_: object) -> None:
    """End on SIGTERM as on Ctrl-C, so that no unfinished file is left; the exit code says which signal it was."""
    raise SystemExit(128 + signal.SIGTERM)


async def _run(container: Container, reader: TableReader, encoder: TableEncoder, sink: Sink, *, size: int) -> Scored:
    async with opened(container) as predict:
        with shown_progress(predict, reader, size, how=Progression.AUTO, before=Scored()) as progress:
            at_once = container.model_thread().at_once
            return await score(predict, reader, encoder, sink, progress=progress, at_once=at_once)


class _Rejects:
    """The rejects file: made when the first row is rejected, or at once where its name was given."""

    def __init__(self, container: Container, files: ExitStack, path: Path | None, *, is_named: bool) -> None:
        self.path = path
        self._container = container
        self._files = files
        self._stream: BinaryIO | None = self._opened(path) if is_named and path is not None else None

    def open(self, first: Reject) -> BinaryIO:
        """Give where rejects are written."""
        if self.path is None:
            place = f"line {first.line}" + (f", column {first.column}" if first.column else "")
            raise TableError(f"{place}: {first.reason}; name a file with --rejects to go on without such rows")
        self._stream = self._stream or self._opened(self.path)
        return self._stream

    def finish(self) -> None:
        """Remove what an earlier run left under the name that nobody chose, lest it be taken for this one's."""
        if self._stream is None and self.path is not None:
            self.path.unlink(missing_ok=True)

    def _opened(self, path: Path) -> BinaryIO:
        stream: BinaryIO = self._files.enter_context(self._container.whole_file(path))
        stream.write(self._container.rejects_encoder().begin())
        return stream


def _beside(output: str) -> Path | None:
    return None if output == STANDARD else Path(f"{output}.rejects.csv")


@contextmanager
def _spool(output: str) -> Iterator[BinaryIO]:
    """Give a file without a name, on the disk that has to have room for the output anyway."""
    with tempfile.TemporaryFile(dir=None if output == STANDARD else Path(output).parent) as file:
        yield cast("BinaryIO", file)


def _output(container: Container, output: str) -> AbstractContextManager[BinaryIO]:
    chosen: AbstractContextManager[BinaryIO]
    chosen = _standard_output() if output == STANDARD else container.whole_file(Path(output))
    return chosen


@contextmanager
def _standard_output() -> Iterator[BinaryIO]:
    """Give standard output, and see to it that all of it is out: what fails when Python exits is told to nobody."""
    stream = sys.stdout.buffer
    yield stream
    try:
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as exc:
        raise TableError(f"standard output: cannot be written: {exc.strerror}") from exc


def _summarise(scored: Scored, seconds: float, predict: Predict, rejects: Path | None) -> None:
    """Tell a person how it went; tell a log only of rows that were left out."""
    if sys.stderr.isatty():
        hits = f"{predict.tally.hit_ratio:.0%} of them from the cache"
        print(f"scored {scored.rows:,} rows in {seconds:.1f} s, {hits}", file=sys.stderr)  # noqa: T201
    if scored.rejected:
        noun = "row" if scored.rejected == 1 else "rows"
        print(f"foreseen: rejected {scored.rejected:,} {noun}, see {rejects}", file=sys.stderr)  # noqa: T201
