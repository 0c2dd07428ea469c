"""The results of a run on Ray: when it ends, its folder of parts is renamed, kept to be resumed, or removed."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import Self

from foreseen.domain.errors import TooManyRejectsError
from foreseen.domain.tables.done_part import DonePart, Place
from foreseen.entrypoints.cli.run.run_results import is_worth_keeping
from foreseen.entrypoints.ray.parts.part_sink import PartFolders
from foreseen.wiring.files import CsvRejectsEncoder, PartsClaim, RunOrigin


class PartsResults:
    """An output folder of parts, which appears when the block ends without an error."""

    def __init__(
        self,
        claim: PartsClaim,
        *,
        ending: str,
        held_back: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """Accept the claim on the output.

        Args:
            held_back: delays signals during its block.
        """
        self._claim = claim
        self._ending = ending
        self._held_back = held_back
        self._has_begun = False

    def __enter__(self) -> Self:
        return self

    @property
    def rejects(self) -> Path:
        """The final file of rejected rows."""
        return self._claim.folder.rejects

    @property
    def folders(self) -> PartFolders:
        """The folders that parts are written into."""
        folder = self._claim.folder
        return PartFolders(folder.parts, folder.rejects_of_parts, self._ending)

    @property
    def done(self) -> Mapping[Place, DonePart]:
        """The finished parts, including those of an earlier run."""
        return self._claim.done

    def begin(self, origin: Callable[[], RunOrigin]) -> None:
        """Begin or resume the run; raise TableError if neither is possible. `origin` returns its origin."""
        self._claim.begin(origin)
        self._has_begun = True

    def add(self, part: DonePart) -> None:
        """Record a finished part; raise TableError if its files are missing or it cannot be recorded."""
        self._claim.add(part)

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None) -> None:
        if not self._has_begun:
            self._claim.release()
        elif exc is None:
            try:
                self._claim.finish(CsvRejectsEncoder())
            except BaseException as failure:
                self._leave(failure)
                raise
        else:
            self._leave(exc)

    def _leave(self, exc: BaseException) -> None:
        with self._held_back():
            if not self._claim.is_kept or not is_worth_keeping(exc):
                self._claim.discard()
                return
            self._claim.keep()
        rows = sum(part.scored.rows + part.scored.rejected for part in self.done.values())
        said = f"{rows:,} rows are done, and the same command with --resume continues"
        if isinstance(exc, TooManyRejectsError):
            said = f"see {self.folders.rejects}; with a larger --max-rejects, --resume continues"
        exc.add_note(said)
