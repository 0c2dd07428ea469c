"""The fingerprint: the same for the same model, another for anything that its answers depend on."""

import importlib
import platform
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.adapters.predictor.model_file.model_file import open_model_file
from foreseen.adapters.predictor.own_code.isolated_load import isolated_load, withdraw
from foreseen.adapters.predictor.provenance import loaded_distributions
from foreseen.adapters.predictor.provenance.loaded_distributions import reject_other_version
from foreseen.adapters.predictor.provenance.provenance import is_of_scikit_learn, provenance
from foreseen.adapters.predictor.provenance.read_files import ReadFiles
from foreseen.adapters.predictor.unpickling.unpickle import unpickle
from foreseen.domain.errors import ModelUnavailableError
from support.models import iris_forest, mixed_pipeline, save
from support.own_models import Labeller

OWN = """
from pathlib import Path

import numpy as np

import ownhelp
from ownpart.inner import shift

PATH = Path


class Own:
    def predict(self, rows):
        return shift(np.asarray(rows)[:, 0] * ownhelp.FACTOR)
"""


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of modules of the user's own, importable during the test."""
    (tmp_path / "ownmodel.py").write_text(OWN)
    (tmp_path / "ownhelp.py").write_text("FACTOR = 2\n")
    (tmp_path / "ownpart").mkdir()
    (tmp_path / "ownpart" / "__init__.py").write_text("")
    (tmp_path / "ownpart" / "inner.py").write_text("def shift(values):\n    return values + 1\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    yield tmp_path
    _forget()


def _forget() -> None:
    for name in [name for name in sys.modules if name.startswith("own")]:
        del sys.modules[name]
    importlib.invalidate_caches()


def _fingerprint(path: Path) -> bytes:
    """Load as another process would: none of the user's modules imported yet, and no bytecode from before."""
    _forget()
    for cache in path.parent.rglob("__pycache__"):
        for compiled in cache.iterdir():
            compiled.unlink()
    return load_predictor(path, features=["a"]).info.fingerprint


@pytest.fixture
def own_model(modules: Path) -> Path:
    """A model of a class in those modules."""
    own: Any = importlib.import_module("ownmodel")
    return save(own.Own(), modules)


def test_the_same_model_has_the_same_fingerprint(own_model: Path) -> None:
    assert _fingerprint(own_model) == _fingerprint(own_model)


@pytest.mark.parametrize("name", ["ownmodel.py", "ownhelp.py", "ownpart/inner.py"])
def test_another_source_of_any_module_it_needs_is_another_model(own_model: Path, name: str) -> None:
    before = _fingerprint(own_model)
    source = own_model.parent / name
    source.write_text(source.read_text() + "\nMORE = 1\n")
    changed = _fingerprint(own_model)
    source.write_text(source.read_text().removesuffix("\nMORE = 1\n"))

    assert changed != before
    assert _fingerprint(own_model) == before


def test_a_module_that_it_does_not_need_changes_nothing(own_model: Path) -> None:
    before = _fingerprint(own_model)
    (own_model.parent / "ownother.py").write_text("x = 1\n")
    importlib.import_module("ownother")

    assert load_predictor(own_model, features=["a"]).info.fingerprint == before


def test_installed_code_is_known_by_its_version_and_not_read(own_model: Path) -> None:
    with isolated_load(model=own_model) as own, open_model_file(own_model) as file:
        known = provenance(unpickle(file), own, ReadFiles.listed_in(None), always=())
    withdraw(own)

    assert sorted(known.sources) == ["ownhelp", "ownmodel", "ownpart.__init__", "ownpart.inner"]


def test_other_bytes_are_another_model(tmp_path: Path) -> None:
    one, other = save(iris_forest(2), tmp_path, "one.joblib"), save(iris_forest(3), tmp_path, "other.joblib")

    assert load_predictor(one).info.fingerprint != load_predictor(other).info.fingerprint


def test_the_place_of_the_file_is_no_part_of_it(tmp_path: Path) -> None:
    one, other = save(iris_forest(2), tmp_path, "one.joblib"), tmp_path / "other.joblib"
    other.write_bytes(one.read_bytes())
    other.chmod(0o600)

    assert load_predictor(one).info.fingerprint == load_predictor(other).info.fingerprint


@pytest.mark.parametrize("library", ["scikit-learn", "numpy", "scipy"])
def test_another_version_of_a_library_that_computes_is_another_model(
    library: str, iris_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = load_predictor(iris_model).info.fingerprint
    real: Callable[[str], str] = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "9.9" if name == library else real(name))
    monkeypatch.setattr(loaded_distributions, "LOADED", {})  # as in another process

    assert load_predictor(iris_model).info.fingerprint != before


def test_a_library_that_was_replaced_needs_another_process(iris_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_predictor(iris_model)
    real: Callable[[str], str] = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "9.9" if name == "scipy" else real(name))

    with pytest.raises(
        ModelUnavailableError, match=f"^scipy: expected version {real('scipy')}, .* got version 9.9; restart"
    ):
        load_predictor(iris_model)


def test_another_installation_of_one_version_needs_another_process() -> None:
    reject_other_version({"ownlib": "1.0"}, {"ownlib": b"first"})

    with pytest.raises(ModelUnavailableError, match=r"^ownlib: expected version 1\.0, .* got another installation"):
        reject_other_version({"ownlib": "1.0"}, {"ownlib": b"second"})


def test_another_python_is_another_model(iris_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = load_predictor(iris_model).info.fingerprint
    monkeypatch.setattr(platform, "python_version_tuple", lambda: ("4", "0", "1"))

    assert load_predictor(iris_model).info.fingerprint != before


def test_the_versions_are_those_of_the_libraries_that_compute(iris_model: Path) -> None:
    versions = load_predictor(iris_model).info.versions

    assert {"python", "numpy", "scikit-learn", "scipy"} <= set(versions)
    assert not {"pytest", "foreseen", "fastapi"} & set(versions)


def test_a_part_of_another_library_counts_as_well(iris_model: Path, tmp_path: Path) -> None:
    model = mixed_pipeline()
    model.kept = pd.DataFrame({"a": [1]})

    assert "pandas" in load_predictor(save(model, tmp_path)).info.versions
    assert "pandas" not in load_predictor(iris_model).info.versions


def test_a_part_that_is_not_of_scikit_learn_is_seen() -> None:
    kept = iris_forest(1)
    kept.beside = Labeller()

    assert is_of_scikit_learn(iris_forest(1))
    assert not is_of_scikit_learn(kept)


def test_a_renamed_module_of_scikit_learn_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `_loss` of 1.5 to 1.8, which every gradient boosting holds a part of."""
    forest = iris_forest(1)
    forest.loss = type("Loss", (), {"__module__": "_loss_here"})()
    assert not is_of_scikit_learn(forest)

    monkeypatch.setitem(sys.modules, "_loss_here", sys.modules["sklearn.base"])

    assert is_of_scikit_learn(forest)


def test_names_and_outputs_are_no_part_of_the_fingerprint(iris_model: Path) -> None:
    renamed = load_predictor(iris_model, features=["a", "b", "c", "d"], outputs=("predict_proba",))

    assert renamed.info.fingerprint == load_predictor(iris_model).info.fingerprint
