"""The lists that pyproject.toml keeps by hand agree with the disk."""

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_every_package_on_disk_is_in_the_list_and_no_other() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = sorted(path.parent.relative_to(ROOT / "src") for path in (ROOT / "src").rglob("__init__.py"))

    assert sorted(listed) == [".".join(("foreseen", *folder.parts)) for folder in folders]


def test_every_folder_with_code_is_a_package() -> None:
    folders = {path.parent for path in (ROOT / "src").rglob("*.py")}

    assert [folder for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


@pytest.mark.parametrize("name", ["constraints.txt", "constraints-lowest.txt"])
def test_constraints_pin_names_and_versions_only(name: str) -> None:
    lines = (ROOT / name).read_text().split()

    assert lines
    assert [line for line in lines if line.count("==") != 1 or "/" in line or "@" in line] == []


def test_every_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in (ROOT / "constraints.txt").read_text().split()}

    names = {name.split("[")[0].split(">")[0].lower().replace("_", "-") for name in wanted}

    assert names - pinned == set()


def test_the_lowest_versions_that_are_tested_are_those_that_are_promised() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    promised = dict(line.split(">=") for line in wanted if ">=" in line)
    tested = dict(line.split("==") for line in (ROOT / "constraints-lowest.txt").read_text().split())

    assert {name: version for name, version in promised.items() if name in tested} == {
        name: version
        for name, version in tested.items()
        if name != "scipy"  # which scikit-learn wants, not we
    }
