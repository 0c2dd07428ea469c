"""The folder of parts: there whole, or not at all."""

from pathlib import Path

import pytest

from foreseen.domain.errors import TableError
from foreseen.domain.table import Reject
from foreseen.entrypoints.ray.output import PartsFolder
from foreseen.entrypoints.ray.parts import Place
from foreseen.entrypoints.ray.sink import part_path, rejects_path
from foreseen.scoring import ScoringContainer
from foreseen.settings import Settings

PLACES = [Place(1, 0), Place(0, 1), Place(0, 0)]
HEADER = "file,line,column,reason,row\n"


@pytest.fixture
def container() -> ScoringContainer:
    return ScoringContainer(settings=Settings())


def fill(folder: Path, container: ScoringContainer) -> None:
    """Write what workers write: parts, and the rejects of two of them."""
    for place in PLACES:
        part_path(folder, place, ".csv").write_text(f"x,prediction\n{place},1\n")
    for place in (Place(1, 0), Place(0, 1)):
        reject = Reject("in.csv", place.part + 2, "x", "expected a number", "a")
        rejects_path(folder, place).write_bytes(container.rejects_encoder().encode([reject]))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_parts_have_their_name_in_the_end_and_rejects_are_one_file_in_order(
    container: ScoringContainer, tmp_path: Path
) -> None:
    with PartsFolder(tmp_path / "out", None, force=False) as folder:
        fill(folder.folder, container)
        assert names(tmp_path) == ["out.partial"]
        folder.finish(container, PLACES, ending=".csv")

    assert names(tmp_path) == ["out", "out.rejects.csv"]
    assert names(tmp_path / "out") == ["part-00000-00000.csv", "part-00000-00001.csv", "part-00001-00000.csv"]
    rejects = (tmp_path / "out.rejects.csv").read_text()
    assert rejects == HEADER + "in.csv,3,x,expected a number,a\nin.csv,2,x,expected a number,a\n"


def test_a_run_that_fails_leaves_nothing(container: ScoringContainer, tmp_path: Path) -> None:
    def run() -> None:
        with PartsFolder(tmp_path / "out", None, force=False) as folder:
            fill(folder.folder, container)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()

    assert names(tmp_path) == []


def test_a_part_that_was_written_where_nobody_else_sees_it_fails_the_run(
    container: ScoringContainer, tmp_path: Path
) -> None:
    with PartsFolder(tmp_path / "out", None, force=False) as folder:
        fill(folder.folder, container)
        with pytest.raises(TableError, match=r"part-00002-00000\.csv: expected a folder that every machine shares"):
            folder.finish(container, [*PLACES, Place(2, 0)], ending=".csv")

    assert names(tmp_path) == []


def test_what_is_there_is_replaced_by_force_alone(container: ScoringContainer, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    part_path(out, Place(7, 7), ".csv").touch()
    with pytest.raises(TableError, match="out: expected a new file, got one that exists; --force replaces it"):
        PartsFolder(out, None, force=False)
    (tmp_path / "out.rejects.csv").touch()
    (tmp_path / "out.partial").mkdir()

    with PartsFolder(out, None, force=True) as folder:
        part_path(folder.folder, Place(0, 0), ".csv").touch()
        folder.finish(container, [Place(0, 0)], ending=".csv")

    assert names(tmp_path) == ["out"]
    assert names(out) == ["part-00000-00000.csv"]


def test_force_removes_no_folder_that_holds_anything_else(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()

    with pytest.raises(TableError, match=r"expected a folder of parts to replace, got one that holds 'thesis\.tex'"):
        PartsFolder(tmp_path, None, force=True)


def test_two_runs_do_not_write_one_folder(tmp_path: Path) -> None:
    with PartsFolder(tmp_path / "out", None, force=False):
        other = PartsFolder(tmp_path / "out", None, force=False)
        with pytest.raises(TableError, match=r"out\.partial: expected no other run"):
            other.__enter__()

        assert names(tmp_path) == ["out.partial"]


def test_a_named_rejects_file_is_made_without_rejects_as_well(container: ScoringContainer, tmp_path: Path) -> None:
    with PartsFolder(tmp_path / "out", tmp_path / "bad.csv", force=False) as folder:
        folder.finish(container, [], ending=".csv")

    assert (tmp_path / "bad.csv").read_text() == HEADER
