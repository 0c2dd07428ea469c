"""A file that is there whole or not at all."""

import os
import stat
from pathlib import Path
from threading import Thread

import pytest

from foreseen.adapters.spool.disk.whole_file import is_stream, whole_file
from foreseen.adapters.spool.output_claim import Claim, try_claim
from foreseen.adapters.spool.run_paths import places
from foreseen.domain.errors import TableError
from support.time_limits import PATIENCE_S


def _fail_half_way(path: Path, error: BaseException) -> None:
    with whole_file(path) as file:
        file.write(b"half")
        raise error


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_a_file_gets_its_name_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    with whole_file(path) as file:
        file.write(b"half")
        file.flush()
        assert not path.exists()
        file.write(b" and whole")

    assert path.read_bytes() == b"half and whole"
    assert _names(tmp_path) == ["out.csv"]


@pytest.mark.parametrize(
    "error", [RuntimeError("x"), KeyboardInterrupt(), TableError("x"), BrokenPipeError()], ids=repr
)
def test_an_unfinished_file_is_removed(error: BaseException, tmp_path: Path) -> None:
    with pytest.raises(type(error)):
        _fail_half_way(tmp_path / "out.csv", error)

    assert _names(tmp_path) == []


def test_an_unfinished_file_leaves_the_previous_one_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_bytes(b"before")

    with pytest.raises(RuntimeError):
        _fail_half_way(path, RuntimeError())

    assert path.read_bytes() == b"before"
    assert _names(tmp_path) == ["out.csv"]


def test_a_new_file_may_be_read_as_any_other(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        with whole_file(tmp_path / "out.csv"):
            pass
    finally:
        os.umask(mask)

    assert stat.S_IMODE((tmp_path / "out.csv").stat().st_mode) == 0o640


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    with (
        pytest.raises(TableError, match=r"out.csv: cannot be written: No such file"),
        whole_file(tmp_path / "x" / "out.csv"),
    ):
        pass


def test_a_folder_is_no_file_to_write(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="cannot be written: Is a directory"), whole_file(tmp_path):
        pass

    assert tmp_path.is_dir()


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    path, got = tmp_path / "pipe", []
    os.mkfifo(path)
    reader = Thread(target=lambda: got.append(path.read_bytes()))
    reader.start()

    with whole_file(path) as file:
        file.write(b"through")
    reader.join(timeout=PATIENCE_S)

    assert got == [b"through"]
    assert path.is_fifo()


def test_a_replaced_file_keeps_its_permissions_and_links(tmp_path: Path) -> None:
    path, link = tmp_path / "out.csv", tmp_path / "link.csv"
    path.write_bytes(b"before")
    path.chmod(0o604)
    link.symlink_to(path)

    with whole_file(link) as file:
        file.write(b"after")

    assert link.is_symlink()
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"after", 0o604)


@pytest.mark.parametrize(
    "names", [("x" * 300, None), ("x" * 245, None), ("x" * 300 + "/out.csv", None), ("out.csv", "x" * 300)]
)
@pytest.mark.parametrize("is_tried", [True, False])
def test_a_name_that_no_file_can_have_is_one_line(
    names: tuple[str, str | None], is_tried: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    out, rejects = names

    def claim() -> None:
        files = places(Path(out), None if rejects is None else Path(rejects), inputs=())
        if is_tried:
            try_claim(files, force=True)
        else:
            Claim(files, force=True, resume=False)

    with pytest.raises(TableError, match=r"^x+.*: cannot be written: File name too long"):
        claim()

    assert _names(tmp_path) == []


def test_a_name_that_no_file_can_have_is_no_stream() -> None:
    assert not is_stream(Path("x" * 300))
