"""Loads apart from one another: each with modules of its own, which go when its model does."""

import gc
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import pytest

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.adapters.predictor.own_code import compiled_extensions
from foreseen.adapters.predictor.own_code import isolated_load as isolation
from foreseen.adapters.predictor.own_code.compiled_extensions import keep_extension, reject_other_code
from foreseen.adapters.predictor.own_code.module_file import ModuleFile
from foreseen.adapters.predictor.own_code.module_locks import ModuleLocks
from foreseen.domain.errors import ModelUnavailableError
from support.garbage_collection import as_in_production
from support.models import answers, pickled_by_hand
from support.models_with_own_code import WAYS, Way, answer, put, write
from support.time_limits import PATIENCE_S

HELP = WAYS["a value of a module"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    before = set(sys.modules)
    yield tmp_path
    gc.collect()
    isolation.free_withdrawn()
    assert {name for name in sys.modules if name.startswith("own")} <= before


@pytest.fixture
def model(folder: Path) -> Path:
    return pickled_by_hand(folder / "Own", "owncode")


def test_loads_at_the_same_time_have_modules_of_their_own(folder: Path, model: Path) -> None:
    write(folder, HELP, 2)
    before = own_classes()
    with ThreadPoolExecutor(3) as pool:
        first, *others = pool.map(lambda _: load_predictor(model), range(3))

    assert [answer(each) for each in (first, *others)] == [6.0, 6.0, 6.0]
    assert {each.info.fingerprint for each in others} == {first.info.fingerprint}
    assert len(own_classes() - before) == 3


def own_classes() -> set[type]:
    """Return the classes of models that are in memory."""
    return {each for each in gc.get_objects() if isinstance(each, type) and each.__module__ == "owncode"}


def is_found_by_others(predictor: Any) -> bool:
    """Return whether the module that others import is the one of this model."""
    with patch.object(sys.modules["owncode"], "FACTOR", 7):
        return answer(predictor) == 21.0


def test_a_load_behind_a_hanging_one_is_rejected(folder: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "PATIENCE_S", 0.01)
    has_begun, is_over = threading.Event(), threading.Event()

    def hang() -> None:
        has_begun.set()
        is_over.wait(PATIENCE_S)

    monkeypatch.setattr(threading, "hang", hang, raising=False)
    write(folder, Way("ownhelp.py", top="import threading", inside="threading.hang(); from ownhelp import FACTOR"), 2)
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(load_predictor, model)
        assert has_begun.wait(PATIENCE_S)
        write(folder, HELP, 5)
        with pytest.raises(ModelUnavailableError, match=r"the load before this one to end .* it still runs; load"):
            load_predictor(model)
        is_over.set()
        hanging.result()

    assert answer(load_predictor(model)) == 15.0


def test_modules_that_a_model_no_longer_uses_are_freed(folder: Path, model: Path) -> None:
    write(folder, Way("owncode.py", top="FACTOR = 2\nclass Weights: pass\nWEIGHTS = Weights()"), 2)
    old = load_predictor(model)
    weights = weakref.ref(sys.modules["owncode"].WEIGHTS)
    with as_in_production():
        gc.freeze()  # as a server does once it has started
        new = load_predictor(model)
        assert weights() is not None

        del old
        isolation.free_withdrawn()

    assert weights() is None
    assert answer(new) == 6.0


def test_the_newest_model_has_its_modules_where_others_find_them(folder: Path, model: Path) -> None:
    write(folder, HELP, 2)
    first = load_predictor(model)
    second = load_predictor(model)
    assert is_found_by_others(second)

    del second
    isolation.free_withdrawn()

    assert is_found_by_others(first)


def test_a_model_freed_on_any_thread_changes_nothing_at_once(folder: Path, model: Path) -> None:
    """The garbage collector runs wherever it likes, while another load puts its finder in as well."""
    write(folder, HELP, 2)
    first = load_predictor(model)
    finders = sys.meta_path[:]
    second = load_predictor(model)
    with_second = sys.meta_path[:]

    del second

    assert sys.meta_path == with_second
    isolation.free_withdrawn()
    assert sys.meta_path == finders
    assert answer(first) == 6.0


def test_a_failed_load_leaves_everything_unchanged(folder: Path, model: Path) -> None:
    write(folder, HELP, 2)
    first = load_predictor(model)
    finders = sys.meta_path[:]
    put(folder / "ownhelp.py", "FACTOR = nothing\n")

    with pytest.raises(ModelUnavailableError, match="nothing"):
        load_predictor(model)

    assert is_found_by_others(first)
    assert sys.meta_path == finders
    assert answer(first) == 6.0


IDIOMS = {
    "looks itself up": "import sys\nFACTOR = 2\nassert sys.modules[__name__].FACTOR == 2",
    "replaces itself by another object": (
        "import sys, types\nclass Lazy(types.ModuleType):\n    FACTOR = 2\nsys.modules[__name__] = Lazy(__name__)"
    ),
    "has annotations as texts": (
        "from __future__ import annotations\nimport dataclasses, typing\n@dataclasses.dataclass\nclass Kept:\n"
        "    value: typing.ClassVar[int] = 2\nFACTOR = Kept.value\nassert not dataclasses.fields(Kept)"
    ),
    "imports in a circle": "import owncircle\nFACTOR = 2\nassert owncircle.first() == 2",
    "imports a part of its package": "from ownpack import sub as part, FACTOR\nassert part.__name__ == 'ownpack.sub'",
    "imports as another name": "import ownpack.sub as part\nfrom ownpack import FACTOR\nassert part.own == 'yes'",
    "checks whether there is a module": (
        "try:\n    import ownabsent\nexcept ModuleNotFoundError as exc:\n    assert exc.name == 'ownabsent'\n"
        "try:\n    from ownpack import absent\nexcept ImportError as exc:\n    assert exc.name == 'ownpack'\nFACTOR = 2"
    ),
    "imports all that a package lists": "from ownpack import *\nassert sub.own == 'yes'",
}


@pytest.mark.parametrize("idiom", IDIOMS)
def test_modules_are_imported_as_python_does(idiom: str, folder: Path, model: Path) -> None:
    write(folder, HELP, 2)
    put(folder / "owncircle.py", "import ownhelp\ndef first():\n    return ownhelp.FACTOR\n")
    put(folder / "ownpack" / "__init__.py", "FACTOR = 2\n__all__ = ['FACTOR', 'sub']\n")
    put(folder / "ownpack" / "sub.py", "own = 'yes'\n")
    put(folder / "ownhelp.py", IDIOMS[idiom])

    assert answer(load_predictor(model)) == 6.0


def test_own_modules_are_found_by_libraries_too(folder: Path, model: Path) -> None:
    """As those do that are configured by the names of classes."""
    named = Way("ownhelp.py", inside="import pkgutil; FACTOR = pkgutil.resolve_name('ownhelp:FACTOR')")
    write(folder, named, 2)
    old = load_predictor(model)
    write(folder, named, 5)

    new = load_predictor(model)

    assert answer(new) == 15.0
    assert new.info.fingerprint != old.info.fingerprint


def test_a_module_is_executed_once_however_many_threads_import_it(folder: Path, model: Path) -> None:
    write(folder, WAYS["an import in predict"], 2)
    put(folder / "ownhelp.py", "import threading\nthreading.executed.append(1)\nFACTOR = 2\n")
    executed: list[int] = []
    threading.executed = executed  # type: ignore[attr-defined]
    predictor = load_predictor(model, rows_per_call=0)

    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda _: answers(predictor, [[3.0]]), range(32)))

    assert got == [[{"prediction": 6.0}]] * 32
    assert executed == [1]


def test_two_modules_that_import_each_other_on_two_threads_finish() -> None:
    turns, both = ModuleLocks(), threading.Barrier(2)

    def import_with(mine: str, other: str) -> str:
        assert turns.begin(mine)
        both.wait()
        turns.wait_for(other)
        turns.end(mine)
        return mine

    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(import_with, ("a", "b"), ("b", "a")))

    assert ended == ["a", "b"]
    assert turns.begin("a")
    assert not turns.begin("a")


@pytest.fixture
def extension(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], dict[str, ModuleFile]]:
    """Return what a load finds: an extension, and a module beside it with the bytes that are passed."""
    monkeypatch.setattr(compiled_extensions, "KEPT", {})
    (tmp_path / f"ownfast{EXTENSION_SUFFIXES[0]}").write_bytes(b"compiled")

    def found(code: bytes) -> dict[str, ModuleFile]:
        (tmp_path / "owncode.py").write_bytes(code)
        specs = {path.name.partition(".")[0]: path for path in tmp_path.iterdir()}
        return {name: ModuleFile(name, not_none(spec_from_file_location(name, path))) for name, path in specs.items()}

    return found


def not_none(spec: ModuleSpec | None) -> ModuleSpec:
    assert spec is not None
    return spec


Extension = Callable[[bytes], dict[str, ModuleFile]]


def test_code_beside_an_extension_has_to_stay_as_loaded(extension: Extension) -> None:
    files = extension(b"1")
    keep_extension(files["ownfast"], ModuleType("ownfast"), files, {})
    reject_other_code(files)
    reject_other_code(extension(b"1"))

    with pytest.raises(ModelUnavailableError, match=r"ownfast.*: expected the code with which this process loaded"):
        reject_other_code(extension(b"2"))


def test_an_extension_of_a_failed_load_keeps_only_executed_code(extension: Extension) -> None:
    files = extension(b"1")
    executed = {"ownfast": ModuleType("ownfast")}  # and not the module beside it, which raised
    keep_extension(files["ownfast"], executed["ownfast"], files, executed)

    reject_other_code(extension(b"2"))

    executed["owncode"] = ModuleType("owncode")
    with pytest.raises(ModelUnavailableError, match=r"ownfast.*: expected the code with which this process loaded"):
        reject_other_code(extension(b"2"))


def test_an_extension_that_was_never_loaded_keeps_nothing(extension: Extension) -> None:
    reject_other_code(extension(b"1"))

    reject_other_code(extension(b"2"))
