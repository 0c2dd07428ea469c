"""Own code that changes is another model: no old answer under a new fingerprint, and no new one under the old."""

import gc
import importlib
import os
import py_compile
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec
import pytest

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.adapters.predictor.own_code.isolated_load import free_withdrawn
from foreseen.adapters.predictor.subprocess.parent import ModelProcess
from foreseen.adapters.predictor.subprocess.process_predictor import ProcessPredictor
from foreseen.domain.errors import ModelUnavailableError, PredictionError, TerminatedError
from foreseen.domain.ports import Predictor
from support.models import pickled_by_hand
from support.models_with_own_code import WAYS, Way, answer, put, write
from support.processes import environment

if TYPE_CHECKING:
    from foreseen.adapters.predictor.subprocess.model_options import ModelOptions

HELP = WAYS["a value of a module"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory that is importable only as far as a load makes it so; Python keeps byte code as it does."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    before = set(sys.modules)
    gc.collect()
    free_withdrawn()  # models of other tests, whose modules would be found here
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("own"):
            del sys.modules[name]


@pytest.fixture
def model(folder: Path) -> Path:
    """A model of a class in `owncode`, which is still to be written."""
    return pickled_by_hand(folder / "Own", "owncode")


@contextmanager
def in_a_process(path: Path, **options: Any) -> Iterator[ProcessPredictor]:
    predictor = ProcessPredictor(ModelProcess(cast("ModelOptions", {"path": path, **options})))
    try:
        yield predictor
    finally:
        predictor.close()


@pytest.mark.parametrize("name", WAYS)
def test_changed_code_is_a_new_model_beside_the_old_one(name: str, folder: Path, model: Path) -> None:
    write(folder, WAYS[name], 2)
    old, same = load_predictor(model), load_predictor(model)
    assert (answer(old), answer(same), old.info) == (6.0, 6.0, same.info)
    write(folder, WAYS[name], 5)

    new = load_predictor(model)

    assert (answer(new), answer(old)) == (15.0, 6.0)
    assert new.info.fingerprint != old.info.fingerprint


@pytest.mark.parametrize("name", ["a value of a module", "an import in a branch that no trial takes"])
def test_a_process_runs_no_byte_code_of_before(name: str, folder: Path, model: Path) -> None:
    write(folder, WAYS[name], 2)
    py_compile.compile(str(folder / "ownhelp.py"))
    with in_a_process(model) as old:
        write(folder, WAYS[name], 5)
        with in_a_process(model) as new:
            assert (answer(old), answer(new)) == (6.0, 15.0)
            assert new.info.fingerprint != old.info.fingerprint
            assert new.info == load_predictor(model).info


def test_earlier_imports_of_the_process_are_neither_used_nor_replaced(folder: Path, model: Path) -> None:
    sys.path.append(str(folder))
    write(folder, HELP, 2)
    before: Any = importlib.import_module("owncode")
    write(folder, HELP, 5)

    predictor = load_predictor(model)

    assert answer(predictor) == 15.0
    assert sys.modules["owncode"] is before
    assert sys.modules["ownhelp"].FACTOR == 2


def zipped(folder: Path, factor: int) -> None:
    with zipfile.ZipFile(folder / "helpers.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo("ownhelp.py"), f"FACTOR = {factor}\n")


def zipped_beside_byte_code(folder: Path, factor: int) -> None:
    """Zip a source with byte code that looks up to date and is that of the first source."""
    compiled = folder / "kept.pyc"
    if not compiled.exists():
        put(folder / "kept.py", f"FACTOR = {factor}\n")
        os.utime(folder / "kept.py", (315_532_800, 315_532_800))  # the first moment that an archive knows
        py_compile.compile(str(folder / "kept.py"), cfile=str(compiled))
    zipped(folder, factor)
    with zipfile.ZipFile(folder / "helpers.zip", "a") as archive:
        archive.write(compiled, "ownhelp.pyc")


def compiled_alone(folder: Path, factor: int) -> None:
    put(folder / "elsewhere" / "ownhelp.py", f"FACTOR = {factor}\n")
    py_compile.compile(str(folder / "elsewhere" / "ownhelp.py"), cfile=str(folder / "ownhelp.pyc"))


def loose_in_site_packages(folder: Path, factor: int) -> None:
    info = folder / "site-packages" / "other-1.0.dist-info"
    put(info / "METADATA", "Name: other\nVersion: 1.0\n")
    put(info / "RECORD", "other.py,,\n")
    put(folder / "site-packages" / "ownhelp.py", f"FACTOR = {factor}\n")


FORMS: dict[str, tuple[str, Callable[[Path, int], None]]] = {
    "in a zip": ("helpers.zip", zipped),
    "in a zip beside byte code": ("helpers.zip", zipped_beside_byte_code),
    "without source": (".", compiled_alone),
    "loose in site-packages": ("site-packages", loose_in_site_packages),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_module_counts_in_whatever_form_it_is_there(form: str, folder: Path, model: Path) -> None:
    place, build = FORMS[form]
    sys.path.append(str(folder / place))
    write(folder, HELP, 2)
    (folder / "ownhelp.py").unlink()
    build(folder, 2)
    old = load_predictor(model)
    build(folder, 5)

    new = load_predictor(model)

    assert (answer(old), answer(new)) == (6.0, 15.0)
    assert new.info.fingerprint != old.info.fingerprint


def test_a_changed_extension_is_loaded_by_another_process(folder: Path, model: Path) -> None:
    """Of one of one's own: it is another library's here, under a name and in a place of no installation."""
    extension = folder / Path(msgspec._core.__file__).name
    shutil.copy(msgspec._core.__file__, extension)
    write(folder, Way("owncode.py", top="import _core\nFACTOR = 2"), 2)
    with in_a_process(model) as old, in_a_process(model) as same:
        with extension.open("ab") as file:
            file.write(b"another build")
        with in_a_process(model) as new:
            assert old.info == same.info
            assert new.info.fingerprint != old.info.fingerprint


def test_the_same_code_is_the_same_model_in_any_load(
    folder: Path, model: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    for way in WAYS.values():
        write(folder, way, 2)
    changed = {way.changed.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for way in WAYS.values()}
    names = sorted(changed - {"owncode"})
    imports = "\n".join(f"import {name}" for name in names)
    put(folder / "owncode.py", f"{imports}\n{(folder / 'owncode.py').read_text()}")
    here = load_predictor(model).info
    with in_a_process(model) as there:
        assert there.info == here

    other = tmp_path_factory.mktemp("other") / "place"
    shutil.copytree(folder, other, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(other)
    sys.path[:] = [*(entry for entry in sys.path if entry != str(folder)), str(other)]
    for name in reversed(names):
        importlib.import_module(name)

    assert load_predictor(other / model.name).info == here


def test_code_that_nothing_imports_changes_nothing(folder: Path, model: Path) -> None:
    write(folder, HELP, 2)
    before = load_predictor(model).info
    put(folder / "ownother.py", "FACTOR = 2\n")

    assert load_predictor(model).info == before


def test_unused_byte_code_of_another_python_changes_nothing(folder: Path, model: Path) -> None:
    write(folder, WAYS["an import by a name that is put together"], 2)
    (folder / "ownpack" / "legacy.pyc").write_bytes(b"\x03\xf3\r\n" + b"0" * 30)

    assert answer(load_predictor(model)) == 6.0


def test_an_unreadable_module_is_rejected_by_its_place(
    folder: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, WAYS["an import by a name that is put together"], 2)
    put(folder / "ownpack" / "closed.py", "")
    real = SourceFileLoader.get_data

    def get_data(loader: SourceFileLoader, path: str) -> bytes:
        if path.endswith("closed.py"):
            raise PermissionError(13, "Permission denied", path)
        return real(loader, path)

    monkeypatch.setattr(SourceFileLoader, "get_data", get_data)

    with pytest.raises(ModelUnavailableError, match=r"closed.py: expected a readable module, .*: Permission denied$"):
        load_predictor(model)


def test_libraries_that_own_code_imports_count_with_their_versions(folder: Path, model: Path) -> None:
    way = Way(
        "owncode.py", top="import msgspec.json\nFACTOR = 2", inside="if rows[0, 0] == 3: import yaml.nothing_there"
    )
    write(folder, way, 2)

    versions = load_predictor(model).info.versions

    assert versions["msgspec"] == msgspec.__version__
    assert "PyYAML" in versions
    assert "foreseen" not in versions


def test_an_unannounced_module_is_rejected_unless_it_is_listed(folder: Path, model: Path) -> None:
    """Its name is in no text of the code, and no trial call uses it."""
    named = "FACTOR = getattr(__import__(pathlib.Path('name').read_text()), 'FACTOR', 0)"
    hidden = Way("ownhelp.py", top="import pathlib", inside=named)

    def loaded() -> Predictor:
        (folder / "name").write_text("math")
        predictor = load_predictor(model)
        (folder / "name").write_text("ownhelp")
        return predictor

    write(folder, hidden, 2)
    with pytest.raises(
        PredictionError, match=r"ImportError: module 'ownhelp' was not part of the model .* list its file"
    ):
        answer(loaded())

    (folder / "Own.toml").write_text("[fingerprint]\nfiles = ['ownhelp.py']\n")
    old = loaded()
    assert answer(old) == 6.0
    write(folder, hidden, 5)
    new = loaded()
    assert (answer(new), new.info != old.info) == (15.0, True)


def test_a_module_changed_before_its_first_import_keeps_its_code(folder: Path, model: Path) -> None:
    write(folder, WAYS["an import in a branch that no trial takes"], 2)
    old = load_predictor(model)
    write(folder, WAYS["an import in a branch that no trial takes"], 5)

    assert answer(old) == 6.0


OTHER_WAYS = {
    "a folder that it adds": Way(
        "inner/ownin.py",
        top="import sys; sys.path.insert(0, __file__.replace('owncode.py', 'inner')); from ownin import FACTOR",
    ),
    "a thread of a pool": Way(
        "ownhelp.py",
        top="import concurrent.futures, importlib\n"
        "with concurrent.futures.ThreadPoolExecutor(1) as pool:\n"
        "    FACTOR = pool.submit(importlib.import_module, 'ownhelp').result().FACTOR",
    ),
    "a lazy loader": Way(
        "ownhelp.py",
        top="import importlib.util\n"
        "spec = importlib.util.find_spec('ownhelp')\n"
        "spec.loader = importlib.util.LazyLoader(spec.loader)\n"
        "ownhelp = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(ownhelp)",
        factor="ownhelp.FACTOR",
    ),
    "a module that is run": Way("ownhelp.py", top="import runpy; FACTOR = runpy.run_module('ownhelp')['FACTOR']"),
    "a pickle": Way("ownhelp.py", top="import pickle; FACTOR = pickle.loads(b'cownhelp\\nFACTOR\\n.')"),
}


@pytest.mark.parametrize("way", [pytest.param(way, id=name) for name, way in {**WAYS, **OTHER_WAYS}.items()])
def test_a_module_that_others_may_write_to_is_rejected(way: Way, folder: Path, model: Path) -> None:
    write(folder, way, 2)
    load_predictor(model, rows_per_call=0)
    (folder / way.changed).chmod(0o666)

    with pytest.raises(ModelUnavailableError, match=rf"{way.changed}: expected a module that only you may write to"):
        load_predictor(model, rows_per_call=0)


SHADOWED = ("numpy", "json", "joblib", "random", "sklearn", "colorsys", "prometheus_client")


def test_a_file_named_like_a_library_replaces_nothing(folder: Path, model: Path) -> None:
    """Nor for one that the model is the first to import."""
    write(folder, Way("owncode.py", top="import colorsys, prometheus_client\nFACTOR = 2"), 2)
    for name in SHADOWED:
        put(folder / f"{name}.py", "raise SystemExit('the wrong module')\n")

    with in_a_process(model) as there:
        assert answer(there) == 6.0
    line = [sys.executable, "-m", "foreseen", "inspect", model.name]
    inspected = subprocess.run(line, capture_output=True, text=True, env=environment(), check=False)
    assert (inspected.returncode, inspected.stderr) == (0, "")


SCRIPT = """
from ownbeside import FACTOR

class Own:
    n_features_in_ = 1

    def predict(self, rows):
        return [row[0] * FACTOR for row in rows.tolist()]

if __name__ == "__main__":
    raise SystemExit("trained again")
"""


@pytest.fixture
def script(folder: Path) -> Path:
    """A script in a folder of its own, with a module beside it."""
    put(folder / "training" / "ownbeside.py", "FACTOR = 2\n")
    put(folder / "training" / "train.py", SCRIPT)
    return folder / "training" / "train.py"


def test_a_class_of_a_script_needs_the_script(folder: Path) -> None:
    with pytest.raises(
        ModelUnavailableError, match=r"'Own'; .*name that script by --code FILE.py, or move the class to"
    ):
        load_predictor(pickled_by_hand(folder / "Own", "__main__"))


@pytest.mark.parametrize("changed", ["train.py", "ownbeside.py"])
def test_a_script_of_classes_is_part_of_the_model(folder: Path, script: Path, changed: str) -> None:
    model, main = pickled_by_hand(folder / "Own", "__main__"), sys.modules["__main__"]
    old = load_predictor(model, code=script)
    with in_a_process(model, code=script) as there:
        assert (answer(there), there.info) == (6.0, old.info)
    put(script.parent / changed, (script.parent / changed).read_text().replace("2", "5").replace("* FACTOR", "* 5"))

    new = load_predictor(model, code=script)

    assert (answer(old), answer(new), new.info != old.info) == (6.0, 15.0, True)
    assert sys.modules["__main__"] is main


def make_a_folder_of(path: Path) -> None:
    path.unlink()
    path.mkdir()


def import_a_broken_module(path: Path) -> None:
    put(path.parent / "broken.py", "def f(:\n")
    path.write_text("import broken\n")


WRONG_SCRIPTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "gone": (Path.unlink, "expected a Python file .*, got no such file"),
    "a folder": (make_a_folder_of, "got a directory"),
    "anybody's": (lambda path: path.chmod(0o666), "expected a module that only you may write to"),
    "without guard": (lambda path: path.write_text("raise SystemExit('usage')"), "only trains under .* got SystemExit"),
    "broken": (lambda path: path.write_text("\nclass Own\n"), "got SyntaxError in line 2: "),
    "indented": (lambda path: path.write_text("class Own:\n  a = 1\n    b = 2\n"), "got IndentationError in line 3: "),
    "of a broken helper": (import_a_broken_module, r"got SyntaxError in line 1 of \S+broken.py: "),
    "of missing modules": (
        lambda path: path.write_text("import nowhere.at_all\n"),
        "every import of the script to succeed, got no module 'nowhere'; install it, or put it beside the script",
    ),
    "of missing names": (
        lambda path: path.write_text("from json import nowhere\n"),
        "every import of the script to succeed, got ImportError: cannot import name 'nowhere' from 'json'",
    ),
    "that reads at its top": (
        lambda path: path.write_text("open('data.csv')\n"),
        "only trains under .* got FileNotFoundError: .*'data.csv'",
    ),
}


@pytest.mark.parametrize("wrong", WRONG_SCRIPTS)
def test_an_unusable_script_is_rejected_by_its_name(folder: Path, script: Path, wrong: str) -> None:
    spoil, said = WRONG_SCRIPTS[wrong]
    spoil(script)

    with pytest.raises(ModelUnavailableError, match=f"^{script}: .*{said}") as caught:
        load_predictor(pickled_by_hand(folder / "Own", "__main__"), code=script)

    assert "\n" not in str(caught.value)


UNGUARDED = """
import pickle
from pathlib import Path

class Own:
    n_features_in_ = 1

    def predict(self, rows):
        return [row[0] for row in rows.tolist()]

Path("Own.pkl").write_bytes(pickle.dumps(Own()))
"""


@pytest.mark.parametrize("more", ["", "raise SystemExit"])
def test_a_script_that_saves_its_model_when_imported_is_rejected(folder: Path, script: Path, more: str) -> None:
    model = pickled_by_hand(folder / "Own", "__main__").rename(folder / "Own.pkl")
    script.write_text(UNGUARDED + more)

    for _ in range(2):  # the second writes what is there already
        with pytest.raises(ModelUnavailableError, match=f"^{script}: .* it wrote {model}; put what trains and saves"):
            load_predictor(model, code=script)


@pytest.mark.parametrize("ending", ["TerminatedError(143)", "KeyboardInterrupt"])
def test_a_signal_amid_a_script_ends_the_program(ending: str, folder: Path, script: Path) -> None:
    model = pickled_by_hand(folder / "Own", "__main__")
    script.write_text(
        "from pathlib import Path\nfrom foreseen.domain.errors import TerminatedError\n"
        f"Path({str(model)!r}).touch()\nraise {ending}\n"
    )

    with pytest.raises((TerminatedError, KeyboardInterrupt)):
        load_predictor(model, code=script)


def test_a_script_that_raises_what_ctrl_c_raises_is_rejected(folder: Path, script: Path) -> None:
    script.write_text("raise KeyboardInterrupt\n")
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # so that no Ctrl-C raises it
    try:
        with pytest.raises(ModelUnavailableError, match=f"^{script}: expected a script that only trains under"):
            load_predictor(pickled_by_hand(folder / "Own", "__main__"), code=script)
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_model_saved_by_an_imported_script_needs_it(folder: Path, script: Path) -> None:
    model = pickled_by_hand(folder / "Own", "__foreseen_main__")

    assert answer(load_predictor(model, code=script)) == 6.0
    with pytest.raises(ModelUnavailableError, match=r"expected the script .*; try: --code FILE.py"):
        load_predictor(model)


def test_a_script_that_lacks_what_the_model_needs_is_named(folder: Path, script: Path) -> None:
    script.write_text("class Another:\n    pass\n")
    model = pickled_by_hand(folder / "Own", "__main__")

    for content in (model.read_bytes(), b"\x80\x04\x8c\x08__main__\x8c\x03Own\x93)\x81."):
        model.write_bytes(content)
        with pytest.raises(ModelUnavailableError, match=f"but {script} defines no Own, which the model needs"):
            load_predictor(model, code=script)


@pytest.mark.parametrize(("file", "named"), [("owncode.py", "owncode.py"), ("owncode/__init__.py", "owncode")])
def test_a_module_beside_the_model_file_is_pointed_to(folder: Path, file: str, named: str) -> None:
    put(folder / "models" / file, SCRIPT)
    model, beside = pickled_by_hand(folder / "models" / "Own", "owncode"), folder / "models" / named

    with pytest.raises(ModelUnavailableError, match=f"there is {beside} beside the model: add {beside.parent} to"):
        load_predictor(model)


def test_code_inside_the_model_file_may_import_own_code(folder: Path) -> None:
    """As cloudpickle saves classes and functions that a notebook defines."""
    model = folder / "notebook.pkl"
    write(folder, HELP, 2)
    notebook = [sys.executable, "-c", NOTEBOOK.format(path=str(model))]
    subprocess.run(notebook, check=True, cwd=folder)
    model.chmod(0o600)
    old = load_predictor(model)
    write(folder, HELP, 5)
    assert answer(old) == 6.0  # for which it imports the module only now

    new = load_predictor(model)

    assert answer(new) == 15.0
    assert new.info.fingerprint != old.info.fingerprint


NOTEBOOK = """
import cloudpickle

def factor(value):
    if value == 3:
        from ownhelp import FACTOR
        return FACTOR
    return 2

class Own:
    n_features_in_ = 1

    def predict(self, rows):
        return [row[0] * factor(row[0]) for row in rows.tolist()]

with open({path!r}, "wb") as file:
    cloudpickle.dump(Own(), file)
"""


HELPERS = {
    "a static method": "@staticmethod\n    def help(x): from ownhelp import FACTOR; return FACTOR",
    "a class method": "@classmethod\n    def help(cls, x): from ownhelp import FACTOR; return FACTOR",
    "a property": "@property\n    def help(self): from ownhelp import FACTOR; return lambda x: FACTOR",
    "a decorated method": "@decorated\n    def help(self, x): from ownhelp import FACTOR; return FACTOR",
    "a function around": "def help(self, x): return inner(x)",
    "a default": "def help(self, x, inner=inner): return inner(x)",
    "a default by name": "def help(self, x, *, inner=inner): return inner(x)",
    "a partial": "help = functools.partial(inner)",
    "a partial method": "help = functools.partialmethod(lambda self, inner, x: inner(x), inner)",
    "an object of a class": "help = Inner().help",
}
NOTEBOOK_WITH_HELPERS = """
import functools, cloudpickle
from pathlib import Path

def made():
    def decorated(function):
        @functools.wraps(function)
        def outer(*arguments): return function(*arguments)
        return outer

    def inner(x): from ownhelp import FACTOR; return FACTOR

    class Inner:
        def help(self, x): from ownhelp import FACTOR; return FACTOR

    class Own:
        n_features_in_ = 1
        {helper}
        def predict(self, rows):
            return [row[0] * (self.help(row[0]) if row[0] == 3 else 2) for row in rows.tolist()]

    return Own

with open({path!r}, "wb") as file:
    cloudpickle.dump(made()(), file)
"""


@pytest.mark.parametrize("form", HELPERS)
def test_code_inside_the_model_file_counts_in_every_form(form: str, folder: Path) -> None:
    model = folder / "notebook.pkl"
    helper = HELPERS[form].replace("\n", "\n    ")
    notebook = [sys.executable, "-c", NOTEBOOK_WITH_HELPERS.format(path=str(model), helper=helper)]
    put(folder / "ownhelp.py", "FACTOR = 2\n")
    subprocess.run(notebook, check=True, cwd=folder)
    model.chmod(0o600)
    old = load_predictor(model)
    put(folder / "ownhelp.py", "FACTOR = 5\n")

    new = load_predictor(model)

    assert (answer(new), answer(old)) == (15.0, 6.0)
    assert new.info.fingerprint != old.info.fingerprint


def test_code_inside_the_model_file_imports_only_what_counted(folder: Path) -> None:
    """Its name is in no text of the code, as that of a plugin which a file names."""
    model = folder / "notebook.pkl"
    helper = "def help(self, x): return getattr(__import__(Path('name').read_text()), 'FACTOR', 0)"
    notebook = [sys.executable, "-c", NOTEBOOK_WITH_HELPERS.format(path=str(model), helper=helper)]
    put(folder / "ownhelp.py", "FACTOR = 2\n")
    subprocess.run(notebook, check=True, cwd=folder)
    model.chmod(0o600)
    put(folder / "name", "math")
    predictor = load_predictor(model)
    put(folder / "name", "ownhelp")

    with pytest.raises(PredictionError, match="ImportError: module 'ownhelp' was not part of the model"):
        answer(predictor)


def test_a_model_pickles_its_own_classes_while_it_answers(folder: Path, model: Path) -> None:
    """As joblib does for its cache and its workers."""
    copying = "import pickle; FACTOR = pickle.loads(pickle.dumps(self)).factor"
    write(folder, Way("owncode.py", top="FACTOR = 2", inside=copying, factor="2"), 2)
    put(folder / "owncode.py", (folder / "owncode.py").read_text() + "    factor = 2\n")
    first = load_predictor(model)
    second = load_predictor(model)
    assert answer(second) == 6.0
    del second
    free_withdrawn()

    assert answer(first) == 6.0
