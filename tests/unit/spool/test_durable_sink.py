"""What is there before a run, what becomes of it when the disk fails, and how often it makes its results durable."""

import errno
import os
import stat
from pathlib import Path

import pytest

from foreseen.adapters.spool.disk.disk_calls import Disk
from foreseen.adapters.spool.disk.run_lock import locked
from foreseen.adapters.spool.durable_sink import STEP_S
from foreseen.adapters.spool.journal.journal import read_journal
from foreseen.adapters.spool.output_claim import Claim
from foreseen.adapters.spool.run_identity.input_digests import InputDigests
from foreseen.adapters.spool.run_paths import places
from foreseen.domain.errors import TableError, UnwritableError
from foreseen.domain.tables.notices import Notice, RunNotices
from foreseen.domain.tables.table import Scored
from support.sink_runs import ROWS, Run, piece_of


class Failing(Disk):
    """Fails in one of its calls, where a test wants it."""

    def __init__(self, call: str, code: int) -> None:
        self.call, self.code, self.is_failing = call, code, False

    def append(self, handle: int, data: bytes | memoryview) -> None:
        if self.is_failing and self.call == "append":
            super().append(handle, data[: len(data) // 2])
            self._fail()
        super().append(handle, data)

    def sync(self, handle: int) -> None:
        if self.is_failing and self.call == "sync":
            self.is_failing = False
            self._fail()
        super().sync(handle)

    def _fail(self) -> None:
        raise OSError(self.code, os.strerror(self.code))


def chunks_told_of(run: Run) -> int:
    journal = read_journal(run.places.journal.read_bytes(), name="j")
    return journal.step.scored.chunks if journal else 0


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_failed_write_keeps_what_was_written_before(tmp_path: Path) -> None:
    run, disk = Run(tmp_path, chunks_a_step=100), Failing("append", errno.ENOSPC)
    sink = run.sink(disk)
    run.write(sink, 2)
    disk.is_failing = True
    with pytest.raises(UnwritableError, match=r"out.csv: cannot be written: No space left on device"):
        run.write(sink, 3)
    disk.is_failing = False
    sink.keep()

    assert chunks_told_of(run) == 2
    run()
    assert run.places.out.read_bytes() == ROWS


def test_resuming_a_finished_run_changes_nothing(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    with pytest.raises(TableError, match=r"out.csv: expected an unfinished run to resume, got one .* --force scores"):
        run()
    with pytest.raises(TableError, match=r"out.csv: expected a new file, got one that exists; --force replaces it"):
        Run(tmp_path, resume=False)()

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_full_disk_drops_a_chunk_for_the_journal(tmp_path: Path) -> None:
    """On a file system of a few pages: what the rows have taken, the journal has not."""
    room = 48

    class Small(Disk):
        def append(self, handle: int, data: bytes | memoryview) -> None:
            # Only what has to fit beside each other counts, not the length of a journal.
            is_journal = bytes(data).startswith(b"{")
            left = room - sum(path.stat().st_size for path in tmp_path.iterdir() if path.suffix == ".partial")
            super().append(handle, data if is_journal and left > 0 else data[: max(0, left)])
            if (is_journal and left <= 0) or (not is_journal and left < len(data)):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    run = Run(tmp_path, chunks_a_step=100)
    sink = run.sink(Small())
    run.write(sink, 2)
    with pytest.raises(UnwritableError, match=r"out.csv: cannot be written: No space left on device"):
        sink.write(b"x" * 100, (), Scored(3, 3, 0))
    sink.keep()

    assert chunks_told_of(run) == 2
    run()
    assert run.places.out.read_bytes() == ROWS


def test_after_a_failed_fsync_no_more_progress_is_recorded(tmp_path: Path) -> None:
    """The next one succeeds, and says nothing of the bytes that were lost."""
    run, disk = Run(tmp_path, chunks_a_step=1), Failing("sync", errno.EIO)
    sink = run.sink(disk)
    run.write(sink, 2)
    disk.is_failing = True
    with pytest.raises(UnwritableError, match=r"out.csv: cannot be written: Input/output error"):
        run.write(sink, 3)
    sink.keep()

    assert chunks_told_of(run) == 2


def test_a_slow_disk_is_synced_less_often(tmp_path: Path) -> None:
    run = Run(tmp_path)

    class Slow(Disk):
        def sync(self, handle: int) -> None:
            run.clock.now += 1

    sink = run.sink(Slow())
    run.clock.now = STEP_S
    sink.write(b"one\n", (), Scored(1, 1, 0))
    took = run.clock.now - STEP_S
    seen = []
    for chunk in range(2, 100):
        run.clock.now += 1
        sink.write(b"x\n", (), Scored(chunk, chunk, 0))
        seen.append(chunks_told_of(run))
    sink.discard()

    assert took >= 2
    assert 1 < len(set(seen)) <= 1 + 98 / (took * 10)


def test_a_run_without_a_finished_step_leaves_nothing(tmp_path: Path) -> None:
    Run(tmp_path).sink().keep()

    assert names(tmp_path) == []


def test_an_unfinished_file_without_a_journal_is_kept(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.places.partial.write_bytes(b"mine")

    with pytest.raises(TableError, match=r"out.csv.partial: expected no such file"):
        run()
    assert (names(tmp_path), run.places.partial.read_bytes()) == (["out.csv.partial"], b"mine")


@pytest.mark.parametrize("force", [False, True])
def test_another_file_with_a_journals_name_is_kept(tmp_path: Path, force: bool) -> None:
    run = Run(tmp_path, force=force)
    run.places.journal.write_bytes(b"my notes")

    with pytest.raises(TableError, match="expected the journal of a run, got another file"):
        run()
    assert run.places.journal.read_bytes() == b"my notes"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    run, mine = Run(tmp_path, force=True), tmp_path / "mine"
    mine.write_bytes(b"mine")
    run.places.journal.symlink_to(mine)

    with pytest.raises(TableError, match=r"out.csv: cannot be written: Too many levels of symbolic links"):
        run()
    assert mine.read_bytes() == b"mine"


@pytest.mark.parametrize("what", ["short", "changed", "away"])
def test_a_changed_unfinished_file_is_rejected(tmp_path: Path, what: str) -> None:
    run = Run(tmp_path, chunks_a_step=1)
    sink = run.sink()
    run.write(sink, 2)
    sink.keep()
    left = run.places.partial.read_bytes()
    run.places.partial.write_bytes(left[:-1] + (b"" if what == "short" else b"x"))
    if what == "away":
        run.places.partial.unlink()

    with pytest.raises(TableError, match=r"out.csv.partial: expected (the file|at least)"):
        run()
    assert chunks_told_of(run) == 2


def test_an_output_that_appears_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    run = Run(tmp_path)
    sink = run.sink()
    run.write(sink)
    run.places.out.write_bytes(b"mine")
    with pytest.raises(UnwritableError, match="expected a new file, got one that has appeared meanwhile"):
        sink.finish()
    sink.keep()
    assert run.places.out.read_bytes() == b"mine"

    run.places.out.unlink()
    run()
    assert run.places.out.read_bytes() == ROWS


def test_a_new_file_may_be_read_as_any_other(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        Run(tmp_path)()
    finally:
        os.umask(mask)

    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o640}


def test_pieces_of_a_chunk_are_kept_until_it_is_written(tmp_path: Path) -> None:
    run = Run(tmp_path)
    sink = run.sink()
    run.write(sink, 2)
    for chunk in (2, 3):
        sink.note(piece_of(chunk))
    sink.keep()

    again = run.sink()
    assert list(again.pieces) == [piece_of(2), piece_of(3)]
    run.write(again, 3)
    again.keep()
    assert list(run.sink().pieces) == [piece_of(3)]


def test_a_run_stopped_within_its_first_chunk_keeps_its_rows(tmp_path: Path) -> None:
    run = Run(tmp_path)
    sink = run.sink()
    sink.note(piece_of(0))
    sink.keep()

    again = run.sink()
    assert (list(again.pieces), again.scored) == ([piece_of(0)], Scored())
    run.write(again)
    again.finish()
    assert run.places.out.read_bytes() == ROWS


def test_pieces_that_come_fast_are_not_made_durable_each(tmp_path: Path) -> None:
    run, synced = Run(tmp_path), []

    class Counting(Disk):
        def sync(self, handle: int) -> None:
            synced.append(handle)
            super().sync(handle)

    sink = run.sink(Counting())
    synced.clear()
    for _ in range(100):
        sink.note(piece_of(0))
    assert not synced
    sink.discard()


@pytest.mark.parametrize("mode", [0o600, 0o444, 0o664])
def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path: Path, mode: int) -> None:
    run = Run(tmp_path, force=True, chunks_a_step=1)
    for path in (run.places.out, run.places.rejects):
        path.write_bytes(b"old")
        path.chmod(mode)
    sink = run.sink()
    run.write(sink)
    assert {_mode(path) for path in (run.places.partial, run.places.rejects_partial)} == {mode | 0o600}
    sink.keep()

    run()

    assert {_mode(path) for path in (run.places.out, run.places.rejects)} == {mode}
    assert run.places.out.read_bytes() == ROWS


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_lock_file_removed_before_its_lock_is_made_again(tmp_path: Path) -> None:
    class Late(Disk):
        def open(self, path: Path) -> int:
            handle = super().open(path)
            path.unlink()  # by the run that had it, just before it let it go
            return handle

    path = tmp_path / "j"
    path.touch()
    lock = locked(Late(), path, name="out.csv")

    assert lock.is_new
    assert os.path.samestat(os.fstat(lock.handle), path.stat())
    os.close(lock.handle)


def test_a_link_to_an_output_is_that_output(tmp_path: Path) -> None:
    link, out = tmp_path / "link.csv", tmp_path / "out.csv"
    link.symlink_to(out)

    assert places(link, None, inputs=()).journal == tmp_path / "out.csv.journal"


@pytest.mark.parametrize("name", ["in.csv", "in.csv.partial", "in.csv.journal", "in.csv.rejects.csv"])
def test_no_input_is_written_over(tmp_path: Path, name: str) -> None:
    with pytest.raises(TableError, match=r"is not an input|neither an input"):
        places(tmp_path / "in.csv", None, inputs=[tmp_path / name])


def test_a_folder_is_no_file_to_reject_into(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    with pytest.raises(TableError, match="r: expected a file to write, got a directory"):
        Claim(places(tmp_path / "out.csv", tmp_path / "r", inputs=()), force=True, resume=False)


def test_an_input_that_changes_while_it_is_read_is_noticed(tmp_path: Path) -> None:
    path, gone = tmp_path / "in.csv", tmp_path / "gone.csv"
    path.write_bytes(b"first")
    gone.write_bytes(b"read to its end")
    digests = InputDigests([path, gone])
    assert [(one.name, one.size) for one in digests()] == [(str(path), 5), (str(gone), 15)]

    os.utime(path, (1, 1))  # touched, and the same
    gone.unlink()
    digests.check()
    path.write_bytes(b"other")
    with pytest.raises(TableError, match="expected the file as it was when the run began"):
        digests.check()


def test_an_unreadable_input_is_reported_when_its_digest_is_needed(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"away.csv: cannot be read: No such file or directory"):
        InputDigests([tmp_path / "away.csv"])()


def test_notices_of_written_rows_come_back_on_resuming(tmp_path: Path) -> None:
    run = Run(tmp_path, is_sealed=True, chunks_a_step=1)
    found = RunNotices()
    found.reading.count("read", "a", "NA", 5)
    sink = run.sink(notices=found)
    found.writing.count("written", "a", "inf")
    run.write(sink, 2)
    found.writing.count("written", "a", "nan")  # by a chunk that is not written
    sink.keep()

    again = RunNotices()
    sink = run.sink(notices=again)
    assert again.listed() == [Notice("written", "a", 1, "inf")]
    again.reading.count("read", "a", "NA", 7)
    run.write(sink)
    run.places.out.mkdir()
    with pytest.raises(TableError):
        sink.finish()
    sink.keep()
    run.places.out.rmdir()

    last = RunNotices()
    sink = run.sink(notices=last)
    assert sink.is_whole
    assert last.listed() == [Notice("read", "a", 7, "NA"), Notice("written", "a", 1, "inf")]
    sink.finish()


def test_a_link_to_itself_is_an_ordinary_path(tmp_path: Path) -> None:
    loop = tmp_path / "loop.csv"
    loop.symlink_to("loop.csv")

    assert places(tmp_path / "out.csv", None, inputs=[loop]).out == tmp_path / "out.csv"
    with pytest.raises(TableError, match="expected an output that is not an input"):
        places(loop, None, inputs=[loop])
