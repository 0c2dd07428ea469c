"""The working directory on the import path: last, and what anybody else could change there is imported by no one."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.adapters.predictor.own_code import checked_folders
from foreseen.adapters.predictor.subprocess import parent
from support.models import pickled_by_hand
from support.models_with_own_code import WAYS, write


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working directory, in which a model of own code was loaded; the import path is as before in the end."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [each for each in sys.path if each and each not in checked_folders.ADDED])
    monkeypatch.setattr(sys, "path_hooks", sys.path_hooks[:])
    monkeypatch.setattr(checked_folders, "CHECKED", set())
    monkeypatch.setattr(checked_folders, "ADDED", set())
    write(tmp_path, WAYS["a value of a module"], 2)
    load_predictor(pickled_by_hand(tmp_path / "Own", "owncode"), rows_per_call=0)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def put(path: Path, mode: int) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("VALUE = 1\n")
    path.chmod(mode)
    importlib.invalidate_caches()


def test_the_working_directory_is_searched_last(folder: Path) -> None:
    assert sys.path[-1] == str(folder)


def test_a_folder_that_others_added_stays_where_it_is(folder: Path, tmp_path: Path) -> None:
    others, mine = str(tmp_path / "others"), tmp_path / "mine"
    sys.path.insert(0, others)
    before = sys.path[:]

    checked_folders.put_on_path([Path(others), mine])
    assert sys.path == [*before[:-1], str(mine), str(folder)]

    sys.path.insert(0, str(mine))
    checked_folders.put_on_path([folder])
    assert sys.path == [str(mine), *before, str(mine)]


def test_the_process_of_a_model_is_started_without_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From Python the working directory is the first entry, or an empty one."""
    monkeypatch.setattr(sys, "path", ["", str(folder), "/installed"])

    assert parent.import_path() == ["/installed"]


def test_modules_that_others_cannot_change_are_imported(folder: Path) -> None:
    put(folder / "optional_one.py", 0o644)

    assert importlib.import_module("optional_one").VALUE == 1


def test_a_claim_to_be_installed_is_checked_as_well(folder: Path) -> None:
    put(folder / "optional_six.py", 0o666)
    (folder / "optional_six-1.0.dist-info").mkdir()

    with pytest.raises(ImportError, match=r"optional_six\.py"):
        importlib.import_module("optional_six")


@pytest.mark.parametrize("name", ["optional_two.py", "optional_pack/__init__.py"])
def test_modules_that_others_could_change_are_not_imported(
    folder: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A library looks for another that is not installed, when it is called, perhaps."""
    put(folder / name, 0o666)

    with pytest.raises(ImportError, match="every user may too"):
        importlib.import_module(Path(name).parts[0].removesuffix(".py"))

    assert [each for each in caplog.messages if each.startswith("not imported: ")]


def test_an_open_folder_of_a_private_package_provides_no_module(folder: Path) -> None:
    put(folder / "optional_open" / "__init__.py", 0o644)
    put(folder / "optional_open" / "part.py", 0o644)
    assert importlib.import_module("optional_open").VALUE == 1
    (folder / "optional_open").chmod(0o777)

    with pytest.raises(ImportError, match="every user may too, by way of"):
        importlib.import_module("optional_open.part")


def test_a_working_directory_that_others_may_write_provides_no_module(folder: Path) -> None:
    put(folder / "optional_three.py", 0o644)
    folder.chmod(0o777)

    with pytest.raises(ImportError, match="every user may too, by way of"):
        importlib.import_module("optional_three")


def test_byte_code_that_others_could_have_kept_is_not_used(folder: Path) -> None:
    put(folder / "optional_four.py", 0o644)
    kept = Path(importlib.util.cache_from_source(str(folder / "optional_four.py")))
    kept.parent.mkdir(exist_ok=True)
    kept.parent.chmod(0o777)

    importlib.import_module("optional_four")

    assert not kept.exists()


def test_other_folders_of_the_import_path_are_found_as_before(folder: Path) -> None:
    """An environment in the working directory is none of it; and what is on the path already is its owner's matter."""
    inner = folder / ".venv" / "site-packages"
    inner.mkdir(parents=True)
    sys.path.append(str(inner))
    put(inner / "optional_five.py", 0o666)

    assert importlib.import_module("optional_five").VALUE == 1
