"""The lists that pyproject.toml keeps by hand agree with the disk."""

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]


def test_every_folder_with_code_is_a_package() -> None:
    folders = {path.parent for path in (ROOT / "src").rglob("*.py")}

    assert [folder for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


PINS = [
    str(path.relative_to(ROOT))
    for folder in ("benchmarks", "tests/conformance")
    for path in (ROOT / folder).glob("pins/*.txt")
]


@pytest.mark.parametrize("name", ["constraints.txt", "constraints-lowest.txt", *PINS])
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


def test_every_lower_bound_is_the_version_that_is_tested() -> None:
    lines = (ROOT / "constraints-lowest.txt").read_text().split()
    tested = {line.split("==")[0]: Version(line.split("==")[1]) for line in lines}
    del tested["scipy"]  # which scikit-learn wants, not we

    lowest = {
        name: Version(bound.version)
        for name, wanted in dependencies().items()
        for bound in Requirement(wanted).specifier
        if bound.operator == ">="
    }

    assert lowest == tested


PRIVATE = {
    "fastapi": "the caches of its functions, src/entrypoints/http/service/assembly.py",
    "joblib": "its unpickler, src/adapters/predictor/unpickling/frugal_unpickler.py",
    "redis": "its parser, src/adapters/cache/redis/client/reply_limits.py",
    "uvicorn": "fields of its protocol, its supervisor, src/entrypoints/http/",
}
"""Libraries of which parts are used that they may change in any version."""


def test_libraries_whose_private_parts_are_used_have_upper_bounds() -> None:
    bounded = {
        name
        for name, wanted in dependencies().items()
        if any(bound.operator == "<" for bound in Requirement(wanted).specifier)
    }

    assert bounded == PRIVATE.keys()


def test_clean_removes_what_git_ignores_of_the_examples() -> None:
    ignored = {line.rstrip("/") for line in (ROOT / ".gitignore").read_text().split() if line.startswith("examples/")}
    clean = (ROOT / "Makefile").read_text().partition("\nclean:")[2]
    removed = {word for word in clean.split() if word.startswith("examples/")}

    assert removed == {name.replace("**", "*") for name in ignored}


def dependencies() -> dict[str, str]:
    """Return what pyproject.toml requires, by name."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    return {Requirement(line).name: line for line in wanted}
