"""ObjectReference: a name in a module or in a Python file, as the setting `model` may be written."""

import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from foreseen.adapters.predictor.own_code.installed_distributions import is_own

PYTHON_SUFFIX = ".py"


@dataclass(frozen=True, slots=True)
class ObjectReference:
    """What a model is in: `mymodule:Model`, `package.module:name.attribute` or `folder/model.py:Model`.

    Attributes:
        place: the full name of a module, or the path of a Python file.
        name: in it; its parts are attributes of one another.
    """

    place: str
    name: str

    @property
    def is_in_file(self) -> bool:
        """Whether the place is a file."""
        return self.place.endswith(PYTHON_SUFFIX)

    def source(self, code: Path | None) -> Path | None:
        """Return the file of the user's own that the model is in, found without executing anything; None if none is.

        Args:
            code: a script in whose folder modules are found as well.
        """
        if self.is_in_file:
            return Path(self.place)
        return _own_source(self.place, [*sys.path, str(Path.cwd()), *([str(code.resolve().parent)] if code else [])])


def reference_of(model: Path) -> ObjectReference | None:
    """Return what a name refers to; None if it is that of a file that exists, or is not written like a reference."""
    place, colon, name = str(model).rpartition(":")
    if not colon or not _is_dotted(name) or _exists(model):
        return None
    reference = ObjectReference(place, name)
    return reference if reference.is_in_file or _is_dotted(place) else None


def _is_dotted(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long
        return False


def _own_source(module: str, path: Sequence[str]) -> Path | None:
    importlib.invalidate_caches()  # a file may have been written a moment ago
    found: ModuleSpec | None = None
    parts = module.split(".")
    for end in range(1, len(parts) + 1):
        found = PathFinder.find_spec(".".join(parts[:end]), path)
        if found is None:
            return None
        path = list(found.submodule_search_locations or ())
    is_file = found is not None and found.has_location and found.origin is not None and is_own(found)
    return Path(str(found.origin)) if found is not None and is_file else None
