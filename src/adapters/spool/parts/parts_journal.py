"""The journal of a run that writes parts, as bytes: its origin, and which of its parts are done.

Checked lines: first the origin, then one for each part whose files are durable under their names, in any order, and
a last one when all are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final, TypedDict, cast

from foreseen.adapters.spool.journal.checked_lines import checked_line, read_checked_lines
from foreseen.adapters.spool.journal.journal import NoticeBody, OriginBody, origin_body, origin_of
from foreseen.adapters.spool.run_identity.run_identity import Origin
from foreseen.domain.errors import TableError
from foreseen.domain.tables.done_part import DonePart, Place
from foreseen.domain.tables.notices import Notice
from foreseen.domain.tables.table import Scored

FORMAT: Final = 1
_FORMAT_KEY: Final = "foreseen_parts"
_WHOLE: Final = {"whole": True}


@dataclass(frozen=True, slots=True)
class PartsJournal:
    """The content of a journal of parts.

    Attributes:
        origin: all that the run's output depends on.
        run: the identifier in the names of its folders.
        replaces: whether the run may replace an existing output.
        parts: those that are done, by their place.
        is_whole: whether these are all, so that only their final names are left to be given.
        check: the checksum of the last line.
        size: where that line ends, bytes; what follows was torn.
    """

    origin: Origin
    run: str
    replaces: bool
    parts: Mapping[Place, DonePart]
    is_whole: bool
    check: str
    size: int


class _FirstBody(OriginBody):
    run: str
    replaces: bool


class _PartBody(TypedDict):
    place: Mapping[str, int]
    scored: Mapping[str, int]
    bytes_read: int
    is_last: bool
    size: int
    rejects_size: int
    notices: Sequence[NoticeBody]


def origin_line(origin: Origin, *, run: str, replaces: bool) -> tuple[bytes, str]:
    """Return the first line, and its checksum."""
    return checked_line({_FORMAT_KEY: FORMAT, **origin_body(origin), "run": run, "replaces": replaces}, "")


def part_line(part: DonePart, before: str) -> tuple[bytes, str]:
    """Return the line of a part, and its checksum; `before` is the checksum of the line before."""
    return checked_line(asdict(part), before)


def whole_line(before: str) -> tuple[bytes, str]:
    """Return the line that records that all parts are done, and its checksum."""
    return checked_line(_WHOLE, before)


def read_parts_journal(data: bytes, *, name: str) -> PartsJournal | None:
    """Read a journal, whose last line may be torn; return None if no part is done.

    Raises:
        TableError: it has been changed, or is not a journal of parts in this format.
    """
    read = read_checked_lines(data, name=name)
    if read.bodies and read.bodies[0].get(_FORMAT_KEY) != FORMAT:
        raise TableError(f"{name}: expected a journal of parts of format {FORMAT}, got another; remove it yourself")
    if len(read.bodies) < 2:
        return None
    # The checksums prove that the lines are as they were written, and so of these types.
    first, rest = cast("_FirstBody", read.bodies[0]), read.bodies[1:]
    is_whole = rest[-1] == _WHOLE
    parts = [_part(cast("_PartBody", body)) for body in rest if body != _WHOLE]
    return PartsJournal(
        origin=origin_of(first),
        run=first["run"],
        replaces=first["replaces"],
        parts={part.place: part for part in parts},
        is_whole=is_whole,
        check=read.check,
        size=read.size,
    )


def _part(body: _PartBody) -> DonePart:
    notices = tuple(Notice(**notice) for notice in body["notices"])
    return DonePart(
        place=Place(**body["place"]),
        scored=Scored(**body["scored"]),
        bytes_read=body["bytes_read"],
        is_last=body["is_last"],
        size=body["size"],
        rejects_size=body["rejects_size"],
        notices=notices,
    )
