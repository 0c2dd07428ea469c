"""The journal of a run as bytes: its origin, and how much of its results is durable.

JSON lines: first the origin, then a step each time the results so far were made durable. Where a chunk takes long,
pieces of it are recorded between steps: answers to some of its rows, which go to the output once all are there. Each
line ends in a checksum over itself and the checksum before, so a line that was torn, changed or taken from another
journal does not verify. docs/adr/0021 describes the order of writes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final, TypedDict, cast

from foreseen.adapters.spool.journal.checked_lines import checked_line, read_checked_lines
from foreseen.adapters.spool.run_identity.run_identity import InputDigest, Origin
from foreseen.domain.errors import TableError
from foreseen.domain.tables.notices import Notice
from foreseen.domain.tables.table import Piece, Scored
from foreseen.domain.values.json_type import Json

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
    """The durable part of a file: its size in bytes, and its CRC-32."""

    size: int = 0
    crc: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """A durable state of a run: the rows scored, and the parts of its files that hold them.

    Attributes:
        notices: those about the rows written; of a whole run, also those about the rows read.
    """

    scored: Scored
    rows: Extent
    rejects: Extent
    state: State = State.GOING
    notices: tuple[Notice, ...] = ()


class OriginBody(TypedDict):
    """An origin as part of a line."""

    inputs: Sequence[tuple[str, int, str]]
    model: str
    options: Mapping[str, str]


class _FirstBody(OriginBody):
    replaces: bool


class NoticeBody(TypedDict):
    """A notice as part of a line."""

    kind: str
    column: str
    count: int
    example: str


class _StepBody(TypedDict):
    scored: Mapping[str, int]
    rows: Mapping[str, int]
    rejects: Mapping[str, int]
    state: str
    notices: Sequence[NoticeBody]


class _PieceBody(TypedDict):
    chunk: int
    start: int
    end: int
    outputs: Mapping[str, Sequence[Json]]
    failed: Sequence[tuple[int, str, bool]]


@dataclass(frozen=True, slots=True)
class Journal:
    """The content of a journal.

    Attributes:
        origin: all that the run's output depends on.
        replaces: whether the run may replace an existing output.
        step: the last step; a journal without one is read as None, since it cannot be resumed.
        pieces: pieces of chunks that the step does not include.
        check: the checksum of the last line.
        size: where that line ends, bytes; what follows was torn.
    """

    origin: Origin
    replaces: bool
    step: Step
    pieces: Sequence[Piece]
    check: str
    size: int


def origin_line(origin: Origin, *, replaces: bool) -> tuple[bytes, str]:
    """Return the first line of a journal, and its checksum."""
    return checked_line({"foreseen_journal": FORMAT, **origin_body(origin), "replaces": replaces}, "")


def step_line(step: Step, before: str) -> tuple[bytes, str]:
    """Return the line of a step, and its checksum; `before` is the checksum of the line before."""
    return checked_line(asdict(step), before)


def piece_line(piece: Piece, before: str) -> tuple[bytes, str]:
    """Return the line of a piece, and its checksum; `before` is the checksum of the line before."""
    body = {
        "chunk": piece.chunk,
        "start": piece.start,
        "end": piece.end,
        "outputs": {name: _listed(answers) for name, answers in piece.outputs.items()},
        "failed": [[row, *failure] for row, failure in piece.failed.items()],
    }
    return checked_line({"piece": body}, before)


def is_journal(data: bytes) -> bool:
    """Return whether data begins like a journal, or like one that a power cut left shorter, empty or zero-filled."""
    beginning = data[: len(_BEGINNING)]
    return beginning.rstrip(b"\0") == _BEGINNING[: len(beginning.rstrip(b"\0"))]


def read_journal(data: bytes, *, name: str) -> Journal | None:
    """Read a journal, whose last line may be torn; return None if it has no complete step.

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
    # The checksums prove that the lines are as they were written, and so of these types.
    first = cast("_FirstBody", bodies[0])
    step = _step(cast("_StepBody", steps[-1]))
    pieces = [_piece(cast("_PieceBody", body["piece"])) for body in bodies[1:] if "piece" in body]
    left = [piece for piece in pieces if piece.chunk >= step.scored.chunks]
    return Journal(origin_of(first), first["replaces"], step, left, read.check, read.size)


def _listed(answers: Sequence[Json]) -> list[Json]:
    """Return answers, a sequence or an array, as a list for JSON."""
    as_list: Callable[[], list[Json]] | None = getattr(answers, "tolist", None)
    return list(answers) if as_list is None else as_list()


def origin_body(origin: Origin) -> OriginBody:
    """Return an origin as part of a line."""
    return {
        "inputs": list(origin.inputs),
        "model": origin.model,
        "options": dict(origin.options),
    }


def origin_of(body: OriginBody) -> Origin:
    """Return the origin in a line."""
    return Origin(tuple(InputDigest(*one) for one in body["inputs"]), body["model"], body["options"])


def _step(body: _StepBody) -> Step:
    return Step(
        Scored(**body["scored"]),
        Extent(**body["rows"]),
        Extent(**body["rejects"]),
        State(body["state"]),
        tuple(Notice(**notice) for notice in body["notices"]),
    )


def _piece(body: _PieceBody) -> Piece:
    failed = {row: (reason, is_rejection) for row, reason, is_rejection in body["failed"]}
    return Piece(body["chunk"], body["start"], body["end"], body["outputs"], failed)
