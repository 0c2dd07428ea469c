"""The journal of a run that writes parts, as bytes: what it began with, and which of its parts are done.

Checked lines: first the origin, then one for each part whose files are durable under their names, in any order, and
a last one when all are.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from foreseen.adapters.spool.journal.checked_lines import checked_line, read_checked_lines
from foreseen.adapters.spool.journal.journal import origin_body, origin_of
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
    """What a journal says.

    Attributes:
        origin: what the run began with.
        run: what its folders are named by, so that no worker of another run writes into them.
        replaces: whether it may replace an output that is there.
        parts: those that are done, by their place.
        is_whole: whether these are all, and nothing but their names is left to be given.
        check: the checksum of its last line.
        size: where that line ends; what follows was torn.
    """

    origin: Origin
    run: str
    replaces: bool
    parts: Mapping[Place, DonePart]
    is_whole: bool
    check: str
    size: int


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
    """Read a journal, of which the last line may be torn; return None where no part is done.

    Raises:
        TableError: it has been changed, or is that of something else.
    """
    read = read_checked_lines(data, name=name)
    if read.bodies and read.bodies[0].get(_FORMAT_KEY) != FORMAT:
        raise TableError(f"{name}: expected a journal of parts of format {FORMAT}, got another; remove it yourself")
    if len(read.bodies) < 2:
        return None
    first, *rest = read.bodies
    is_whole = rest[-1] == _WHOLE
    parts = [_part(body) for body in rest if body != _WHOLE]
    return PartsJournal(
        origin=origin_of(first),
        run=first["run"],
        replaces=first["replaces"],
        parts={part.place: part for part in parts},
        is_whole=is_whole,
        check=read.check,
        size=read.size,
    )


def _part(body: Mapping[str, Any]) -> DonePart:
    notices = tuple(Notice(**notice) for notice in body["notices"])
    return DonePart(**{**body, "place": Place(**body["place"]), "scored": Scored(**body["scored"]), "notices": notices})
