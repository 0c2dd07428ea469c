"""The end of a run: its files get their final names, in steps, after each of which a crash does no harm.

The files show which steps are done: an unfinished file that is missing already has its final name. So a resumed run
does the remaining steps, or none if only the journal was left to remove.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from foreseen.adapters.spool.disk.disk_calls import Disk
from foreseen.adapters.spool.journal.journal import Extent, State, Step
from foreseen.adapters.spool.run_paths import Places
from foreseen.domain.errors import UnwritableError
from foreseen.domain.tables.table import TableEncoder


def finish(
    disk: Disk,
    places: Places,
    step: Step,
    encoder: TableEncoder,
    record: Callable[[Step], None],
    *,
    replaces: bool,
) -> Step:
    """Seal the finished files and rename them, rejects first, so that no output exists without its rejects.

    Raises:
        UnwritableError: an output has appeared meanwhile, or one of the files is missing.
        OSError: it cannot be done now.
    """
    if step.state == State.WHOLE and encoder.has_to_be_sealed:
        step = replace(step, state=State.SEALED, rows=Extent(_seal(disk, places, encoder)))
        record(step)
    if step.state == State.SEALED and places.sealed.exists():
        disk.rename(places.sealed, places.partial)
    if step.rejects.size:
        _name(disk, places.rejects_partial, places.rejects, step.rejects.size, replaces=replaces)
    elif replaces:  # left by an earlier run, it would be mistaken for this one's
        disk.remove(places.rejects)
    _name(disk, places.partial, places.out, step.rows.size, replaces=replaces)
    return step


def _seal(disk: Disk, places: Places, encoder: TableEncoder) -> int:
    disk.remove(places.sealed)
    handle = disk.create(places.sealed, replaces=places.out)
    with open(handle, "wb") as out:  # noqa: PTH123 - a handle
        with places.partial.open("rb") as spool:
            encoder.seal(spool, out)
        out.flush()
        disk.sync(handle)
    disk.sync_folder(places.sealed)
    return places.sealed.stat().st_size


def _name(disk: Disk, unfinished: Path, final: Path, size: int, *, replaces: bool) -> None:
    if unfinished.exists():
        if final.exists() and not replaces:
            raise UnwritableError(f"{final}: expected a new file, got one that has appeared meanwhile")
        disk.copy_permissions(final, unfinished)
        disk.rename(unfinished, final)
    elif not final.exists() or final.stat().st_size != size:
        raise UnwritableError(
            f"{final}: expected the file of {size:,} bytes that a run has finished, got {_what(final)}"
        )


def _what(path: Path) -> str:
    return f"one of {path.stat().st_size:,}" if path.exists() else "no such file"
