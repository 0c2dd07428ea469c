"""Provenance: what a model's answers depend on beside its file: libraries, one's own code, the files that it reads."""

import inspect
import sys
from collections.abc import Iterable
from typing import Any

from foreseen.adapters.predictor.object_graph import parts
from foreseen.adapters.predictor.own_code.code_in_model import code_in
from foreseen.adapters.predictor.own_code.compiled_extensions import refuse_other_code
from foreseen.adapters.predictor.own_code.own_modules import OwnModules
from foreseen.adapters.predictor.own_code.reachable_modules import find_reachable
from foreseen.adapters.predictor.provenance.libraries import Provenance, libraries
from foreseen.adapters.predictor.provenance.read_files import ReadFiles


def provenance(model: Any, own: OwnModules, files: ReadFiles, *, always: Iterable[str]) -> Provenance:
    """Return what a model depends on, once it was called for the last time before it is served.

    Own modules that are imported later must be among those that are found here.

    Args:
        own: the modules that were executed for it.
        files: what its code reads.
        always: distributions that every model of its format depends on.
    Raises:
        ModelUnavailableError: own code or a file changed meanwhile, or may be written to by another user; or what this
            process has loaded cannot be loaded again, and has changed since.
    """
    find_reachable(own, code_in(model))
    modules = {f"{name}.__init__" if file.is_package else name: file.content for name, file in own.files.items()}
    refuse_other_code(own.files)
    read = files.digests()
    own.close({(files.sidecar.parent / name).resolve(): digest for name, digest in read.items()})
    known = libraries({*_module_names(model), *own.imported}, always=always)
    listed = {f"file {name}": digest for name, digest in read.items()}  # which no module can be called
    return Provenance(known.versions, {**modules, **known.sources, **listed})


def is_of_scikit_learn(model: Any) -> bool:
    """Return whether a model is made of scikit-learn alone, and of what that computes with."""
    tops = {name.partition(".")[0] for name in _module_names(model)}
    return tops <= {"sklearn", "numpy", "scipy", *sys.stdlib_module_names}


def _module_names(model: Any) -> set[str]:
    names: set[str] = set()
    for part in parts(model):
        kinds = (part,) if inspect.isroutine(part) else part.__mro__ if isinstance(part, type) else type(part).__mro__
        names.update(_own_name(str(kind.__module__)) for kind in kinds if getattr(kind, "__module__", None))
    return names


def _own_name(module: str) -> str:
    """Return what a module calls itself: scikit-learn 1.5 to 1.8 have classes of a module `_loss` that is of theirs."""
    return str(getattr(sys.modules.get(module), "__name__", module))
