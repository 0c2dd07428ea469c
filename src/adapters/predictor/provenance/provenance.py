"""Provenance: what a model's answers depend on besides its file: libraries, own code, the files that it reads."""

import inspect
import sys
from collections.abc import Iterable

from foreseen.adapters.predictor.object_graph import parts
from foreseen.adapters.predictor.own_code.code_in_model import code_in
from foreseen.adapters.predictor.own_code.compiled_extensions import reject_other_code
from foreseen.adapters.predictor.own_code.own_modules import OwnModules
from foreseen.adapters.predictor.own_code.reachable_modules import find_reachable
from foreseen.adapters.predictor.provenance.libraries import Provenance, libraries
from foreseen.adapters.predictor.provenance.read_files import ReadFiles


def provenance(model: object, own: OwnModules, files: ReadFiles, *, always: Iterable[str]) -> Provenance:
    """Return what a model depends on; to be called after the last trial call, before the model is served.

    Own modules that are imported later must be among those found here.

    Args:
        own: the modules that were executed for it.
        files: what its code reads.
        always: distributions that every model of its format depends on.
    Raises:
        ModelUnavailableError: own code or a file changed meanwhile, or may be written to by another user; or an
            extension or a library that this process cannot load again has changed since it was loaded.
    """
    find_reachable(own, code_in(model))
    modules = {f"{name}.__init__" if file.is_package else name: file.content for name, file in own.files.items()}
    reject_other_code(own.files)
    read = files.digests()
    own.close({(files.sidecar.parent / name).resolve(): digest for name, digest in read.items()})
    known = libraries({*_module_names(model), *own.imported}, always=always)
    listed = {f"file {name}": digest for name, digest in read.items()}  # no module can have such a name
    return Provenance(known.versions, {**modules, **known.sources, **listed})


def is_of_scikit_learn(model: object) -> bool:
    """Return whether a model consists only of objects of scikit-learn, numpy, scipy and the standard library."""
    tops = {name.partition(".")[0] for name in _module_names(model)}
    return tops <= {"sklearn", "numpy", "scipy", *sys.stdlib_module_names}


def _module_names(model: object) -> set[str]:
    names: set[str] = set()
    for part in parts(model):
        kinds = (part,) if inspect.isroutine(part) else part.__mro__ if isinstance(part, type) else type(part).__mro__
        names.update(_own_name(str(kind.__module__)) for kind in kinds if getattr(kind, "__module__", None))
    return names


def _own_name(module: str) -> str:
    """Return a module's own name: scikit-learn 1.5 to 1.8 have classes of a module `_loss` that is theirs."""
    return str(getattr(sys.modules.get(module), "__name__", module))
