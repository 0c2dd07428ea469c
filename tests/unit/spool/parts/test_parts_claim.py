"""The folder of parts: one run has it, it is there whole or not at all, and what is done is not done again."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from foreseen.adapters.spool.parts.parts_claim import PartsClaim
from foreseen.adapters.spool.run_identity.run_identity import InputDigest, Origin
from foreseen.adapters.tabular.csv.csv_encoder import CsvRejectsEncoder
from foreseen.domain.errors import TableError
from foreseen.domain.tables.done_part import DonePart, Place, part_name, rejects_name
from foreseen.domain.tables.notices import Notice
from foreseen.domain.tables.table import Reject, Scored

HEADER = "file,line,column,reason,row\n"
ORIGIN = Origin((InputDigest("in.csv", 3, "ab"),), "model", {"outputs": "predict"})
OTHER = Origin((InputDigest("in.csv", 3, "ab"),), "model", {"outputs": "predict_proba"})


def claimed(out: Path, rejects: Path | None = None, *, force: bool = False, resume: bool = False) -> PartsClaim:
    return PartsClaim(out, rejects, ending=".csv", force=force, resume=resume)


def begun(out: Path, *, force: bool = False, resume: bool = False, origin: Origin = ORIGIN) -> PartsClaim:
    claim = claimed(out, force=force, resume=resume)
    claim.begin(lambda: origin)
    return claim


def write(claim: PartsClaim, source: int, part: int, *, rejected: int = 0, is_last: bool = False) -> DonePart:
    """Write what a worker writes, and return what it says of it."""
    place = Place(source, part)
    rows = claim.folder.parts / part_name(place, ".csv")
    rows.write_text(f"x,prediction\n{place},1\n")
    rejects = claim.folder.rejects_of_parts / rejects_name(place)
    if rejected:
        rejects.write_bytes(CsvRejectsEncoder().encode([Reject("in.csv", part + 2, "x", "expected a number", "a")]))
    size, rejects_size = rows.stat().st_size, rejects.stat().st_size if rejected else 0
    notices = (Notice("odd", "x", 2, "a"),)
    return DonePart(place, Scored(1, 1, rejected), 10, is_last, size, rejects_size, notices)


def finish(claim: PartsClaim) -> None:
    claim.finish(CsvRejectsEncoder())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_parts_are_named_at_the_end_with_ordered_rejects(tmp_path: Path) -> None:
    claim = begun(tmp_path / "out")
    for source, part, rejected in ((1, 0, 1), (0, 1, 1), (0, 0, 0)):
        claim.add(write(claim, source, part, rejected=rejected))
    (claim.folder.parts / ".part-00000-00000.csv.k2j4").touch()  # of a worker that was killed

    assert names(tmp_path) == ["out.partial"]
    finish(claim)

    assert names(tmp_path) == ["out", "out.rejects.csv"]
    assert names(tmp_path / "out") == ["part-00000-00000.csv", "part-00000-00001.csv", "part-00001-00000.csv"]
    rejects = (tmp_path / "out.rejects.csv").read_text()
    assert rejects == HEADER + "in.csv,3,x,expected a number,a\nin.csv,2,x,expected a number,a\n"


def test_another_run_resumes_behind_finished_parts(tmp_path: Path) -> None:
    first = begun(tmp_path / "out")
    done = [write(first, 0, 0, rejected=1), write(first, 1, 0, is_last=True)]
    for part in done:
        first.add(part)
    write(first, 0, 1)  # its worker was done, which was not recorded
    (first.folder.parts / ".part-00000-00002.csv.k2j4").touch()
    first.keep()

    second = begun(tmp_path / "out", resume=True)

    assert second.done == {part.place: part for part in done}
    assert ".part-00000-00002.csv.k2j4" not in names(second.folder.parts)
    second.add(write(second, 0, 1, is_last=True))
    finish(second)
    assert names(tmp_path) == ["out", "out.rejects.csv"]
    assert len(names(tmp_path / "out")) == 3


def test_a_part_whose_file_has_changed_is_not_finished(tmp_path: Path) -> None:
    first = begun(tmp_path / "out")
    kept, cut = write(first, 0, 0), write(first, 0, 1)
    first.add(kept)
    first.add(cut)
    os.truncate(first.folder.path(cut.place), 1)
    first.keep()

    assert list(begun(tmp_path / "out", resume=True).done) == [kept.place]


def test_a_journal_counts_up_to_a_torn_line(tmp_path: Path) -> None:
    first = begun(tmp_path / "out")
    for part in (0, 1):
        first.add(write(first, 0, part))
    first.keep()
    journal = first.folder.journal
    os.truncate(journal, journal.stat().st_size - 5)

    second = begun(tmp_path / "out", resume=True)

    assert list(second.done) == [Place(0, 0)]
    second.add(write(second, 0, 1, is_last=True))
    second.keep()
    assert len(begun(tmp_path / "out", resume=True).done) == 2


@pytest.mark.parametrize("is_named", [False, True])
def test_a_run_killed_while_renaming_resumes_alike(
    tmp_path: Path, is_named: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = begun(tmp_path / "out")
    first.add(write(first, 0, 0, rejected=1, is_last=True))

    class PowerCutError(Exception):
        """As one."""

    def ended(*_: object) -> None:
        raise PowerCutError

    if is_named:
        monkeypatch.setattr(first, "discard", ended)
    else:
        monkeypatch.setattr(first.folder, "finish", ended)
    with pytest.raises(PowerCutError):
        finish(first)
    with monkeypatch.context() as ending:
        ending.setattr(first.folder, "discard", lambda: None)
        first.release()  # the lock alone, as the end of its process does

    second = begun(tmp_path / "out", resume=True)
    assert list(second.done) == [Place(0, 0)]
    finish(second)

    assert names(tmp_path) == ["out", "out.rejects.csv"]
    assert names(tmp_path / "out") == ["part-00000-00000.csv"]
    assert (tmp_path / "out.rejects.csv").read_text().count("\n") == 2


def test_parts_of_another_run_are_rejected_and_replaced_by_force(tmp_path: Path) -> None:
    first = begun(tmp_path / "out")
    first.add(write(first, 0, 0))
    first.keep()

    with pytest.raises(
        TableError, match="expected no unfinished run with this output, got one of 1 rows; --resume continues it"
    ):
        begun(tmp_path / "out")
    other = claimed(tmp_path / "out", resume=True)
    with pytest.raises(TableError, match="expected outputs predict, got predict_proba; --force starts over"):
        other.begin(lambda: OTHER)
    other.release()

    assert begun(tmp_path / "out", resume=True, force=True, origin=OTHER).done == {}
    assert [name.partition("-")[0] for name in names(tmp_path / "out.partial")] == ["journal", "parts", "rejects"]


def test_a_worker_of_an_earlier_run_writes_no_parts(tmp_path: Path) -> None:
    first = begun(tmp_path / "out")
    first.add(write(first, 0, 0))
    first.keep()

    begun(tmp_path / "out", force=True)

    with pytest.raises(FileNotFoundError):
        write(first, 0, 1)


def test_resuming_begins_where_there_is_nothing_to_go_on_with(tmp_path: Path) -> None:
    claim = begun(tmp_path / "out", resume=True)

    assert (claim.has_found, claim.done) == (False, {})


def test_a_run_without_a_finished_part_leaves_nothing(tmp_path: Path) -> None:
    claim = begun(tmp_path / "out")
    write(claim, 0, 0)

    assert not claim.is_kept
    claim.discard()

    assert names(tmp_path) == []


def test_a_part_written_in_an_invisible_place_is_rejected(tmp_path: Path) -> None:
    claim = begun(tmp_path / "out")

    with pytest.raises(TableError, match=r"part-00002-00000\.csv: expected a folder that every machine shares"):
        claim.add(DonePart(Place(2, 0), Scored(1, 1), 10, True, 5))


def test_an_existing_output_is_replaced_only_by_force(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "part-00007-00007.csv").touch()
    with pytest.raises(TableError, match="out: expected a new file, got one that exists; --force replaces it"):
        claimed(out)
    with pytest.raises(TableError, match="out: expected an unfinished run to resume, got one that is complete; "):
        claimed(out, resume=True)
    assert names(tmp_path) == ["out"]
    (tmp_path / "out.rejects.csv").touch()
    (tmp_path / "out.partial").mkdir()

    claim = begun(out, force=True)
    claim.add(write(claim, 0, 0, is_last=True))
    finish(claim)

    assert names(tmp_path) == ["out"]
    assert names(out) == ["part-00000-00000.csv"]


@pytest.mark.parametrize("is_there_again", [False, True])
def test_a_run_killed_while_it_replaces_the_output_resumes(tmp_path: Path, is_there_again: bool) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "part-00007-00007.csv").touch()
    claim = begun(out, force=True)
    claim.add(write(claim, 0, 0, is_last=True))
    out.rename(claim.folder.unfinished / f"replaced-{claim.folder.run}")
    claim.keep()
    if is_there_again:
        out.mkdir()
        (out / "part-00008-00008.csv").touch()

    again = begun(out, resume=True)
    finish(again)

    assert names(tmp_path) == ["out"]
    assert names(out) == ["part-00000-00000.csv"]


def test_a_users_file_named_like_a_replaced_output_is_kept(tmp_path: Path) -> None:
    out, other = tmp_path / "out", tmp_path / "out.replaced"
    out.mkdir()
    other.mkdir()
    (other / "theirs").touch()
    claim = begun(out, force=True)
    claim.add(write(claim, 0, 0, is_last=True))

    finish(claim)

    assert names(tmp_path) == ["out", "out.replaced"]
    assert names(other) == ["theirs"]


@pytest.mark.parametrize("made", [Path.mkdir, Path.touch])
def test_force_removes_nothing_that_is_not_ours(tmp_path: Path, made: Callable[[Path], None]) -> None:
    made(tmp_path / "out.partial")
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(TableError, match=r"expected a folder of parts to replace, got one that holds 'out\.partial'"):
        claimed(tmp_path, force=True)

    if made is Path.touch:
        with pytest.raises(TableError, match=r"out\.partial: expected a folder of parts, got a file"):
            claimed(tmp_path / "out", force=True)
    else:
        (tmp_path / "out.partial" / "notes.txt").touch()
        with pytest.raises(TableError, match=r"got one that holds 'notes\.txt'"):
            claimed(tmp_path / "out", force=True)


@pytest.mark.parametrize("force", [False, True])
def test_two_runs_do_not_write_one_folder(tmp_path: Path, force: bool) -> None:
    begun(tmp_path / "out")

    with pytest.raises(TableError, match=r"out: expected no other run with this output, got one that is still active"):
        claimed(tmp_path / "out", force=force)

    assert names(tmp_path) == ["out.partial"]


def test_an_unwritable_folder_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="cannot be written: No such file or directory"):
        claimed(tmp_path / "nowhere" / "out")


def test_a_named_rejects_file_is_made_without_rejects_as_well(tmp_path: Path) -> None:
    claim = claimed(tmp_path / "out", tmp_path / "bad.csv")
    claim.begin(lambda: ORIGIN)
    claim.add(write(claim, 0, 0, is_last=True))
    finish(claim)

    assert (tmp_path / "bad.csv").read_text() == HEADER


def test_a_changed_journal_is_rejected(tmp_path: Path) -> None:
    first = begun(tmp_path / "out")
    for part in (0, 1):
        first.add(write(first, 0, part))
    first.keep()
    journal = first.folder.journal
    journal.write_bytes(journal.read_bytes().replace(b'"rows":1', b'"rows":9', 1))

    with pytest.raises(TableError, match="expected an unchanged journal, got a changed line 2"):
        claimed(tmp_path / "out", resume=True)

    assert begun(tmp_path / "out", force=True).done == {}
