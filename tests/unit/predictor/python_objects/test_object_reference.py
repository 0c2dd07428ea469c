"""What the setting `model` refers to: a name in a module or in a Python file, or the file of that name."""

import sys
from pathlib import Path

import pytest

from foreseen.adapters.predictor.python_objects.object_reference import ObjectReference, reference_of


@pytest.mark.parametrize(
    ("written", "place", "name"),
    [
        ("mymodule:Model", "mymodule", "Model"),
        ("package.module:Model.inner", "package.module", "Model.inner"),
        ("größe:Modell", "größe", "Modell"),
        ("folder/model.py:Model", "folder/model.py", "Model"),
        ("/a folder/model.py:Model", "/a folder/model.py", "Model"),
        ("c:/model.py:Model", "c:/model.py", "Model"),
    ],
)
def test_a_colon_separates_a_place_and_a_name(written: str, place: str, name: str) -> None:
    assert reference_of(Path(written)) == ObjectReference(place, name)


@pytest.mark.parametrize(
    "written",
    ["model.joblib", "model.py", "a:", ":a", "folder/module:Model", "module:a-b", "a..b:c", "a:b:c", "1a:b", "x" * 300],
)
def test_anything_else_is_a_file(written: str) -> None:
    assert reference_of(Path(written)) is None


def test_a_file_that_exists_is_no_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mymodule:Model").touch()

    assert reference_of(Path("mymodule:Model")) is None


@pytest.mark.parametrize(
    ("place", "file"),
    [("ownplace", "ownplace.py"), ("ownpack", "ownpack/__init__.py"), ("ownpack.inside", "ownpack/inside.py")],
)
def test_the_source_of_a_module_is_found_unexecuted(
    place: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ownpack").mkdir()
    for each in ("ownplace.py", "ownpack/__init__.py", "ownpack/inside.py"):
        (tmp_path / each).write_text("raise SystemExit\n")

    assert ObjectReference(place, "Model").source(None) == tmp_path / file
    assert place not in sys.modules


@pytest.mark.parametrize("place", ["ownnowhere", "json", "sys", "joblib", "json.nowhere", "json.decoder.nowhere"])
def test_a_module_of_a_library_has_no_source_of_ones_own(place: str) -> None:
    assert ObjectReference(place, "Model").source(None) is None
