"""Where the files of a run lie: beside its output, so that each takes its final name by a rename."""

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
        is_rejects_named: whether somebody chose that name, and so expects the file also when it has no rows.
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
    """Find the places of a run; a link is followed, so that one output is one, whatever it is called.

    Raises:
        TableError: a file would be written that is read, or that is written already.
    """
    out = Path(os.path.realpath(output)) if os.path.islink(output) else output  # noqa: PTH114 - also of a name too long
    aside = rejects or out.with_name(out.name + ".rejects.csv")
    found = Places(str(output), out, aside, rejects is not None)
    reserved = {os.path.realpath(path) for path in (out, *found.unfinished, found.journal)}
    if os.path.realpath(aside) in reserved:
        raise TableError(f"{aside}: expected another file for rejected rows than the inputs and the output")
    for path in inputs:
        if os.path.realpath(path) == os.path.realpath(aside):
            raise TableError(f"{aside}: expected another file for rejected rows than the inputs and the output")
        if os.path.realpath(path) in reserved:
            raise TableError(f"{output}: expected another output than the input, whose file {path} it would replace")
    return found
