"""The journal of a run as bytes: what it began with, and how far its results are durable.

JSON, a line each: first the origin, then a step for each time that what was written so far was made durable. Where one
chunk takes long, pieces of it lie between steps: answers to some of its rows, which are written when all are there.
Each line ends in a checksum over itself and the checksum before, so that no line counts that was torn, changed, or is
of another journal. docs/adr/0021 says in which order it is written.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

from foreseen.adapters.spool.journal.checked_lines import checked_line, read_checked_lines
from foreseen.adapters.spool.run_identity.run_identity import InputDigest, Origin
from foreseen.domain.errors import TableError
from foreseen.domain.tables.notices import Notice
from foreseen.domain.tables.table import Piece, Scored
from foreseen.domain.values.predictions import Json

FORMAT: Final = 3
_BEGINNING: Final = b'{"foreseen_journal":'


class State(StrEnum):
    """What the unfinished files of a run hold."""

    GOING = "going"
    """Rows up to here."""
    WHOLE = "whole"
    """All rows."""
    SEALED = "sealed"
    """All rows, as the file of its format."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of a file counts: so many bytes, whose CRC-32 is this."""

    size: int = 0
    crc: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """What is durable: how far the run has come, and how much of its files that is.

    Attributes:
        notices: those of the rows that were written; of a whole run, of all rows that were read as well.
    """

    scored: Scored
    rows: Extent
    rejects: Extent
    state: State = State.GOING
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Journal:
    """What a journal tells.

    Attributes:
        origin: what the run began with.
        replaces: whether it may replace an output that is there.
        step: the last one; before the first there is nothing to go on from, and so no journal.
        pieces: of chunks that are not in it.
        check: the checksum of its line.
        size: where that line ends; what follows was torn.
    """

    origin: Origin
    replaces: bool
    step: Step
    pieces: Sequence[Piece]
    check: str
    size: int


def origin_line(origin: Origin, *, replaces: bool) -> tuple[bytes, str]:
    """Give the first line, and its checksum."""
    return checked_line({"foreseen_journal": FORMAT, **origin_body(origin), "replaces": replaces}, "")


def step_line(step: Step, before: str) -> tuple[bytes, str]:
    """Give the line of a step after that with the checksum `before`, and its own."""
    return checked_line(asdict(step), before)


def piece_line(piece: Piece, before: str) -> tuple[bytes, str]:
    """Return the line of a piece after that with the checksum `before`, and its own."""
    body = {
        "chunk": piece.chunk,
        "start": piece.start,
        "end": piece.end,
        "outputs": {name: _listed(answers) for name, answers in piece.outputs.items()},
        "failed": [[row, *failure] for row, failure in piece.failed.items()],
    }
    return checked_line({"piece": body}, before)


def is_journal(data: bytes) -> bool:
    """Tell whether it begins as ours do, or as one does that a power cut has left: with less of it, or nothing."""
    beginning = data[: len(_BEGINNING)]
    return beginning.rstrip(b"\0") == _BEGINNING[: len(beginning.rstrip(b"\0"))]


def read_journal(data: bytes, *, name: str) -> Journal | None:
    """Read a journal, of which the last line may be torn; give None where no step is whole.

    Raises:
        TableError: it has been changed.
    """
    read = read_checked_lines(data, name=name)
    bodies = read.bodies
    if bodies and bodies[0]["foreseen_journal"] != FORMAT:
        raise TableError(f"{name}: expected a journal of format {FORMAT}, got {bodies[0]['foreseen_journal']}")
    steps = [body for body in bodies[1:] if "piece" not in body]
    if not steps:
        return None
    step = _step(steps[-1])
    pieces = [_piece(body["piece"]) for body in bodies[1:] if "piece" in body]
    left = [piece for piece in pieces if piece.chunk >= step.scored.chunks]
    return Journal(origin_of(bodies[0]), bodies[0]["replaces"], step, left, read.check, read.size)


def _listed(answers: Sequence[Json]) -> list[Json]:
    """Return answers as JSON takes them, an array too."""
    as_list: Callable[[], list[Json]] | None = getattr(answers, "tolist", None)
    return list(answers) if as_list is None else as_list()


def origin_body(origin: Origin) -> Mapping[str, Any]:
    """Return what a run began with as part of a line."""
    return {
        "inputs": [list(one) for one in origin.inputs],
        "model": origin.model,
        "options": dict(origin.options),
    }


def origin_of(body: Mapping[str, Any]) -> Origin:
    """Return what a run began with, from the line that has it."""
    return Origin(tuple(InputDigest(*one) for one in body["inputs"]), body["model"], body["options"])


def _step(body: Mapping[str, Any]) -> Step:
    return Step(
        Scored(**body["scored"]),
        Extent(**body["rows"]),
        Extent(**body["rejects"]),
        State(body["state"]),
        tuple(Notice(**notice) for notice in body["notices"]),
    )


def _piece(body: Mapping[str, Any]) -> Piece:
    failed = {row: (reason, is_refusal) for row, reason, is_refusal in body["failed"]}
    return Piece(body["chunk"], body["start"], body["end"], body["outputs"], failed)
