"""Where the files of a run are: beside its output, so that a rename gives each its final name."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from foreseen.domain.errors import TableError


@dataclass(frozen=True, slots=True)
class Places:
    """The files of a run.

    Attributes:
        name: of the output, as it was given.
        out: the output.
        rejects: rows that could not be scored.
        is_rejects_named: whether the user chose that name, and so expects the file even without rows.
    """

    name: str
    out: Path
    rejects: Path
    is_rejects_named: bool
    partial: Path = field(init=False)
    rejects_partial: Path = field(init=False)
    sealed: Path = field(init=False)
    journal: Path = field(init=False)

    def __post_init__(self) -> None:
        for attribute, beside, ending in (
            ("partial", self.out, ".partial"),
            ("rejects_partial", self.rejects, ".partial"),
            ("sealed", self.out, ".sealed"),
            ("journal", self.out, ".journal"),
        ):
            object.__setattr__(self, attribute, beside.with_name(beside.name + ending))

    @property
    def unfinished(self) -> tuple[Path, ...]:
        """The files that an interrupted run leaves, without its journal."""
        return self.partial, self.rejects_partial, self.sealed


def places(output: Path, rejects: Path | None, *, inputs: Iterable[Path]) -> Places:
    """Return the paths of a run's files; a link is followed, so that an output has the same files under any name.

    Raises:
        TableError: the output or the rejects file is an input, or they are the same file.
    """
    is_link = os.path.islink(output)  # noqa: PTH114 - `Path.is_symlink` raises on a name that is too long
    out = Path(os.path.realpath(output)) if is_link else output
    aside = rejects or out.with_name(out.name + ".rejects.csv")
    found = Places(str(output), out, aside, rejects is not None)
    reserved = {os.path.realpath(path) for path in (out, *found.unfinished, found.journal)}
    if os.path.realpath(aside) in reserved:
        raise TableError(f"{aside}: expected a rejects file that is neither an input nor the output")
    for path in inputs:
        if os.path.realpath(path) == os.path.realpath(aside):
            raise TableError(f"{aside}: expected a rejects file that is neither an input nor the output")
        if os.path.realpath(path) in reserved:
            raise TableError(f"{output}: expected an output that is not an input, got the file of {path}")
    return found
