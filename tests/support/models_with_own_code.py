"""Models whose answers come from code of a user's own, reached in every way that code is reached, and changed."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from support.models import answers

MODEL: Final = """
{top}

class Own:
    n_features_in_ = 1

    def predict(self, rows):
        {inside}
        return [row[0] * {factor} for row in rows.tolist()]
"""


@dataclass(frozen=True)
class Way:
    """How a model reaches the factor that it multiplies by.

    Attributes:
        changed: the file in which the factor is set.
        top: what the model's module imports.
        inside: what its method imports.
        factor: the factor, as the method writes it.
        files: other files, and the changed one where it holds more than the factor.
    """

    changed: str
    top: str = ""
    inside: str = "pass"
    factor: str = "FACTOR"
    files: Mapping[str, str] = field(default_factory=dict)


_BY_PATH = """
import importlib.util
spec = importlib.util.spec_from_file_location("factors", __file__.replace("owncode.py", "anywhere.py"))
factors = importlib.util.module_from_spec(spec)
spec.loader.exec_module(factors)
"""
_BY_LOADER = """
import types
from importlib.machinery import SourceFileLoader
factors = types.ModuleType("factors")
SourceFileLoader("factors", __file__.replace("owncode.py", "anywhere.py")).exec_module(factors)
"""
_WHEN_ASKED = """
def __getattr__(name):
    import importlib
    return importlib.import_module("." + name, __name__)
"""

WAYS: Final = {
    "its own module": Way("owncode.py", top="FACTOR = 2"),
    "a value of a module": Way("ownhelp.py", top="from ownhelp import FACTOR"),
    "everything in a module": Way("ownhelp.py", top="from ownhelp import *"),
    "a module": Way("ownhelp.py", top="import ownhelp", factor="ownhelp.FACTOR"),
    "a constant of a package": Way("ownpack/__init__.py", top="import ownpack", factor="ownpack.FACTOR"),
    "the package around a module": Way(
        "ownpack/__init__.py",
        top="from ownpack.sub import value",
        factor="value()",
        files={"ownpack/sub.py": "import ownpack\ndef value():\n    return ownpack.FACTOR\n"},
    ),
    "a package without an __init__": Way("ownspace/sub.py", top="import ownspace.sub", factor="ownspace.sub.FACTOR"),
    "a module two imports away": Way(
        "ownthird.py", top="from ownhelp import FACTOR", files={"ownhelp.py": "from ownthird import FACTOR\n"}
    ),
    "a module four imports away": Way(
        "ownfifth.py",
        top="from ownhelp import FACTOR",
        files={
            "ownhelp.py": "from ownpack.sub import FACTOR\n",
            "ownpack/__init__.py": "",
            "ownpack/sub.py": "from .other import FACTOR\n",
            "ownpack/other.py": "from ownfifth import FACTOR\n",
        },
    ),
    "an import in predict": Way("ownhelp.py", inside="from ownhelp import FACTOR"),
    "an import in a branch that no trial takes": Way(
        "ownhelp.py", inside="FACTOR = 2\n        if rows[0, 0] == 3: from ownhelp import FACTOR"
    ),
    "an import by name": Way(
        "ownhelp.py", inside="import importlib; FACTOR = importlib.import_module('ownhelp').FACTOR"
    ),
    "an import by a name that is put together": Way(
        "ownpack/sub3.py",
        inside="from importlib import import_module; FACTOR = import_module(f'ownpack.sub{rows[0, 0]:.0f}').FACTOR",
        files={"ownpack/__init__.py": "", **{f"ownpack/sub{n}.py": "FACTOR = 2\n" for n in (0, 1, 2, 4)}},
    ),
    "a package that imports on attribute access": Way(
        "ownpack/sub.py", top="import ownpack", factor="ownpack.sub.FACTOR", files={"ownpack/__init__.py": _WHEN_ASKED}
    ),
    "a file by its path": Way("anywhere.py", top=_BY_PATH, factor="factors.FACTOR"),
    "a file by a loader": Way("anywhere.py", top=_BY_LOADER, factor="factors.FACTOR"),
}


def write(folder: Path, way: Way, factor: int) -> None:
    """Write a model's modules with a factor of one digit."""
    files = {"owncode.py": MODEL.format(top=way.top, inside=way.inside, factor=way.factor), **way.files}
    files.setdefault(way.changed, "FACTOR = 2\n")
    for name, text in files.items():
        is_changed = name == way.changed
        put(folder / name, text.replace("FACTOR = 2", f"FACTOR = {factor}") if is_changed else text)


def put(file: Path, text: str) -> None:
    """Write a file as if always at the same second: by that and the size Python knows what byte code is up to date."""
    file.parent.mkdir(exist_ok=True, parents=True)
    file.write_text(text)
    os.utime(file, (1_700_000_000, 1_700_000_000))


def answer(predictor: Any) -> float:
    """Predict three, which is three times the factor."""
    return float(answers(predictor, [[3.0]])[0]["prediction"])
