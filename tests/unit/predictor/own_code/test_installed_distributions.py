"""Which distribution a module belongs to: by all records together, without reading all of them."""

import json
import sys
from importlib import metadata
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

import pytest

from foreseen.adapters.predictor.own_code.installed_distributions import contents_of, distribution_of, is_own, name_of
from foreseen.adapters.predictor.own_code.module_file import found_spec


@pytest.mark.filterwarnings("ignore:Setuptools is replacing distutils")  # once numpy 1 has imported that of Python
def test_every_installed_module_belongs_to_all_that_record_it() -> None:
    owners = {top: names for top, names in metadata.packages_distributions().items() if top != "foreseen"}
    found = {top: spec for top in owners if (spec := find_spec(top)) is not None and spec.has_location}

    wrong = {top for top, spec in found.items() if (info := distribution_of(spec)) and name_of(info) not in owners[top]}

    assert (wrong, {top for top, spec in found.items() if is_own(spec)}) == (set(), set())
    assert len(found) > 50


@pytest.mark.parametrize("name", ["sys", "json", "os", "zipimport", "_heapq", "importlib", "encodings", "foreseen"])
def test_modules_of_python_and_foreseen_are_not_own_code(name: str) -> None:
    spec = find_spec(name)

    assert spec is not None
    assert not is_own(spec)


def spec_of(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleSpec:
    monkeypatch.setattr(sys, "path", [str(folder)])
    spec = found_spec(name, None)
    assert spec is not None
    return spec


def installed(folder: Path, name: str, record: str, **said: object) -> Path:
    """Write the metadata of a distribution, as pip does."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "RECORD").write_text(record)
    if said:
        (info / "direct_url.json").write_text(json.dumps(said))
    return info


def test_a_file_beside_what_is_installed_is_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "site-packages"
    folder.mkdir()
    (folder / "loose.py").touch()
    (folder / "lib.py").touch()
    installed(folder, "lib-of-another-name", "lib.py,,\nlib-1.0.dist-info/RECORD,,\n")

    assert is_own(spec_of(folder, "loose", monkeypatch))
    assert not is_own(spec_of(folder, "lib", monkeypatch))


def test_parts_of_a_namespace_package_belong_to_their_installers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("site", "work"):
        (tmp_path / name / "spread" / name).mkdir(parents=True)
        (tmp_path / name / "spread" / name / "__init__.py").touch()
    installed(tmp_path / "site", "spread-site", "spread/site/__init__.py,,\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site"), str(tmp_path / "work")])
    spread = found_spec("spread", None)
    assert spread is not None

    own = {name: found_spec(f"spread.{name}", spread.submodule_search_locations) for name in ("site", "work")}

    assert is_own(spread)
    assert {name: is_own(spec) for name, spec in own.items() if spec} == {"site": False, "work": True}


def test_a_namespace_package_of_installed_folders_is_no_own_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "spread" / "part").mkdir(parents=True)
    installed(tmp_path, "spread-part", "spread/part/__init__.py,,\n")

    assert not is_own(spec_of(tmp_path, "spread", monkeypatch))


def test_an_editable_installation_is_own_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "edited.py").touch()
    installed(tmp_path, "edited", "edited.py,,\n", url="file:///work", dir_info={"editable": True})

    assert is_own(spec_of(tmp_path, "edited", monkeypatch))


def test_two_builds_of_one_version_are_distinguished_by_their_files(tmp_path: Path) -> None:
    """Unless they came from an index, where a version is built once."""
    records = {
        "one": "../../../bin/x,sha256=1,1\nlib/__init__.py,sha256=aaa,1\nlib/__pycache__/x.pyc,,\n",
        "same": "lib/__init__.py,sha256=aaa,1\n../../../bin/x,sha256=2,1\nsame-1.0.dist-info/INSTALLER,sha256=c,1\n",
        "other": "lib/__init__.py,sha256=bbb,1\n",
    }

    one, same, other = (
        contents_of(installed(tmp_path, name, record, url="file:///wheels/x.whl", archive_info={}))
        for name, record in records.items()
    )

    assert one == same != other
    assert contents_of(installed(tmp_path, "indexed", records["one"])) == b""


def test_a_new_installation_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lib.py").touch()
    assert is_own(spec_of(tmp_path, "lib", monkeypatch))

    info = installed(tmp_path, "lib", "lib.py,,\n")

    assert distribution_of(spec_of(tmp_path, "lib", monkeypatch)) == info
