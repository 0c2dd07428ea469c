"""Models that cloudpickle and dill saved with their code, in every compression that joblib knows."""

import bz2
import gzip
import lzma
import subprocess
import sys
import zlib
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.domain.errors import ModelUnavailableError
from support.models import answers, pickled_by_hand
from support.time_limits import COMMAND_S

SCRIPT = """
import functools, sys
import numpy as np
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

OFFSET = 1

def helped(value):
    return value + OFFSET

class Own:
    n_features_in_ = 1

    def predict(self, rows):
        return [2 * helped(row[0]) for row in rows.tolist()]

def made(factor):
    def times(value):
        return value * factor

    class Local:
        n_features_in_ = 1

        def predict(self, rows):
            return [times(row[0]) for row in rows.tolist()]

    return Local()

def lines(transform):
    rows = np.arange(8.0).reshape(-1, 1)
    return make_pipeline(FunctionTransformer(transform), LinearRegression()).fit(rows, 2 * rows[:, 0])

def late(value):
    from ownhelp import FACTOR
    return value * FACTOR if value == 3 else value

class Late:
    n_features_in_ = 1

    def predict(self, rows):
        return [late(row[0]) for row in rows.tolist()]

MODELS = {
    "a class of the script": lambda: Own(),
    "a class in a function": lambda: made(8),
    "a lambda": lambda: lines(lambda rows: rows * 2),
    "a function": lambda: lines(helped),
    "a partial": lambda: lines(functools.partial(np.multiply, 2)),
    "a late import": lambda: Late(),
}

if __name__ == "__main__":
    library, folder, *options = sys.argv[1:]
    for kind, model in MODELS.items():
        with open(f"{folder}/{kind}.pkl", "wb") as file:
            __import__(library).dump(model(), file, **{option: True for option in options})
"""
ANSWERS = {
    "a class of the script": 8.0,
    "a class in a function": 24.0,
    "a lambda": 6.0,
    "a function": 6.0,
    "a partial": 6.0,
}
"""What each answers to 3."""

SAVED_BY = {"cloudpickle": ("cloudpickle",), "dill": ("dill", "recurse"), "dill by default": ("dill",)}
BY_VALUE = ("cloudpickle", "dill")
"""Those that save globals as well."""


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models, in a folder for each way to save them."""
    folder = tmp_path_factory.mktemp("saved")
    (folder / "train.py").write_text(SCRIPT)
    for name, (library, *options) in SAVED_BY.items():
        (folder / name).mkdir()
        line = [sys.executable, str(folder / "train.py"), library, str(folder / name), *options]
        subprocess.run(line, check=True, timeout=COMMAND_S)
    return folder


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The script beside a module that one of its models imports, and a working directory elsewhere."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setattr(sys, "path", sys.path[:])
    (tmp_path / "ownhelp.py").write_text("FACTOR = 2\n")
    path = tmp_path / "train.py"
    path.write_text(SCRIPT)
    return path


def copied(saved: Path, way: str, kind: str, script: Path, pack: Callable[[bytes], bytes] = bytes) -> Path:
    """Return a copy of a model beside the script."""
    path = script.parent / "model.pkl"
    path.write_bytes(pack((saved / way / f"{kind}.pkl").read_bytes()))
    path.chmod(0o600)
    return path


def answer(path: Path, **options: Any) -> float:
    (found,) = answers(load_predictor(path, **options), [[3.0]])
    return round(float(found["prediction"]), 9)


def rejection(path: Path, **options: Any) -> str:
    with pytest.raises(ModelUnavailableError) as caught:
        load_predictor(path, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("kind", ANSWERS)
@pytest.mark.parametrize("library", BY_VALUE)
def test_code_that_was_saved_needs_no_script(library: str, kind: str, saved: Path, script: Path) -> None:
    path = copied(saved, library, kind, script)
    script.unlink()

    assert answer(path) == ANSWERS[kind]


@pytest.mark.parametrize("kind", ANSWERS)
def test_code_that_dill_saved_without_its_globals_finds_them_in_the_script(
    kind: str, saved: Path, script: Path
) -> None:
    path = copied(saved, "dill by default", kind, script)

    assert answer(path, code=script) == ANSWERS[kind]


def test_globals_that_dill_did_not_save_are_named(saved: Path, script: Path) -> None:
    path = copied(saved, "dill by default", "a class of the script", script)

    assert "Can't get attribute 'helped' on <module '__main__'>; it was defined in the script that saved" in rejection(
        path
    )
    assert "name that script by --code FILE.py" in rejection(path)
    script.write_text("OFFSET = 1\n")
    assert f"but {script} defines no helped, which the model needs" in rejection(path, code=script)


def test_a_changed_script_of_dill_is_another_model(saved: Path, script: Path) -> None:
    path = copied(saved, "dill by default", "a class of the script", script)
    before = load_predictor(path, code=script).info.fingerprint
    script.write_text(SCRIPT.replace("OFFSET = 1", "OFFSET = 2"))

    assert answer(path, code=script) == 10.0
    assert load_predictor(path, code=script).info.fingerprint != before


@pytest.mark.parametrize("library", BY_VALUE)
def test_code_that_was_saved_imports_modules_that_count(
    library: str, saved: Path, script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = copied(saved, library, "a late import", script)
    monkeypatch.chdir(script.parent)
    old = load_predictor(path)
    (script.parent / "ownhelp.py").write_text("FACTOR = 5\n")

    new = load_predictor(path)

    assert (answers(old, [[3.0]]), answers(new, [[3.0]])) == ([{"prediction": 6.0}], [{"prediction": 15.0}])
    assert old.info.fingerprint != new.info.fingerprint


COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    "zlib": zlib.compress,
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE),
    "xz": lzma.compress,
    "lz4": lambda data: bytes(import_module("lz4.frame").compress(data)),
}


@pytest.mark.parametrize("compression", COMPRESSED)
@pytest.mark.parametrize("library", BY_VALUE)
def test_code_that_was_saved_may_be_compressed(library: str, compression: str, saved: Path, script: Path) -> None:
    path = copied(saved, library, "a class in a function", script, COMPRESSED[compression])

    assert answer(path) == 24.0


@pytest.mark.parametrize(("library", "module"), [("cloudpickle", "cloudpickle"), ("dill", "dill._dill")])
def test_a_library_that_saved_code_is_named_if_it_is_missing(
    library: str, module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [each for each in sys.modules if each.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    path = pickled_by_hand(tmp_path / "Own", f"{library}.{module.rpartition('.')[2]}")

    assert rejection(path).endswith(f"which the model needs, got none; try: pip install {library}")


def test_lz4_is_named_if_it_is_missing(saved: Path, script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = copied(saved, "cloudpickle", "a class in a function", script, COMPRESSED["lz4"])
    for name in [each for each in sys.modules if each.partition(".")[0] == "lz4"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "lz4", None)

    assert rejection(path).endswith("try: pip install lz4")


MOVED = {
    "a module of a package": (
        "ownpack.old",
        "ownpack/__init__.py",
        "expected module 'ownpack.old'",
    ),
    "a module of a module": ("ownpack.old", "ownpack.py", "got no such module there; if it was moved or"),
    "a package in a package": (
        "ownpack.old.deep",
        "ownpack/__init__.py",
        "let a module of the old name import",
    ),
    "a class": (
        "ownmodule",
        "ownmodule.py",
        "let that module have it under the old name as well",
    ),
}


@pytest.mark.parametrize("name", MOVED)
def test_code_that_was_moved_is_named_with_what_helps(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, file, said = MOVED[name]
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text("class New:\n    pass\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])

    found = rejection(pickled_by_hand(tmp_path / "Own", module))

    assert said in found
    assert "PYTHONPATH" not in found
