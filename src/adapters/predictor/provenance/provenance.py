"""Provenance: what a model's answers depend on beside its file: libraries, one's own code, the files that it reads."""

import inspect
import platform
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from foreseen.adapters.predictor.object_graph import parts
from foreseen.adapters.predictor.own_code.code_in_model import code_in
from foreseen.adapters.predictor.own_code.compiled_extensions import refuse_other_code
from foreseen.adapters.predictor.own_code.installed_distributions import contents_of, distribution_of, name_of
from foreseen.adapters.predictor.own_code.module_file import found_spec
from foreseen.adapters.predictor.own_code.own_modules import OwnModules
from foreseen.adapters.predictor.own_code.reachable_modules import find_reachable
from foreseen.adapters.predictor.provenance.loaded_distributions import refuse_other_version
from foreseen.adapters.predictor.provenance.read_files import ReadFiles

ALWAYS = ("numpy", "scikit-learn", "scipy")
"""Distributions that have a hand in every model here."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a model's answers depend on beside its file.

    Attributes:
        versions: of Python and of each library that computes, by name.
        sources: contents of own modules, of files that they read and of what was installed without an index, by name.
    """

    versions: dict[str, str]
    sources: dict[str, bytes]


def provenance(model: Any, own: OwnModules, files: ReadFiles) -> Provenance:
    """Return what a model depends on, once it was called for the last time before it is served.

    Own modules that are imported later must be among those that are found here.

    Args:
        own: the modules that were executed for it.
        files: what its code reads.
    Raises:
        ModelUnavailableError: own code or a file changed meanwhile, or may be written to by another user; or what this
            process has loaded cannot be loaded again, and has changed since.
    """
    find_reachable(own, code_in(model))
    modules = {f"{name}.__init__" if file.is_package else name: file.content for name, file in own.files.items()}
    refuse_other_code(own.files)
    read = files.digests()
    own.close({(files.sidecar.parent / name).resolve(): digest for name, digest in read.items()})
    installed = _distributions({*_module_names(model), *own.imported})
    versions = _versions(installed)
    contents = {name: content for name, info in installed.items() if (content := contents_of(info))}
    refuse_other_version({name: version for name, version in versions.items() if name != "python"}, contents)
    changeable = {f"distribution {name}": content for name, content in contents.items()}
    listed = {f"file {name}": digest for name, digest in read.items()}  # which no module can be called
    return Provenance(versions, {**modules, **changeable, **listed})


def is_of_scikit_learn(model: Any) -> bool:
    """Return whether a model is made of scikit-learn alone, and of what that computes with."""
    tops = {name.partition(".")[0] for name in _module_names(model)}
    return tops <= {"sklearn", "numpy", "scipy", *sys.stdlib_module_names}


def _versions(names: Iterable[str]) -> dict[str, str]:
    versions = {name: metadata.version(name) for name in sorted({*ALWAYS, *names})}
    return {"python": ".".join(platform.python_version_tuple()[:2]), **versions}


def _distributions(modules: Iterable[str]) -> dict[str, Path]:
    """Return the metadata of the distributions that these modules come from, by name, foreseen's own left out."""
    infos = {info for module in modules if (info := _distribution(module)) is not None}
    named = {name_of(info): info for info in infos}
    return {name: info for name, info in named.items() if name != "foreseen"}


def _distribution(module: str) -> Path | None:
    """Return the metadata of the distribution that a module comes from; what a package does not say its parts may."""
    path: Sequence[str] | None = None
    parts = module.split(".")
    for end in range(1, len(parts) + 1):
        name = ".".join(parts[:end])
        spec = getattr(sys.modules.get(name), "__spec__", None) or found_spec(name, path)
        if spec is None or spec.has_location:
            return None if spec is None else distribution_of(spec)
        if (path := spec.submodule_search_locations) is None:  # built in
            return None
    return None


def _module_names(model: Any) -> set[str]:
    names: set[str] = set()
    for part in parts(model):
        kinds = (part,) if inspect.isroutine(part) else part.__mro__ if isinstance(part, type) else type(part).__mro__
        names.update(_own_name(str(kind.__module__)) for kind in kinds if getattr(kind, "__module__", None))
    return names


def _own_name(module: str) -> str:
    """Return what a module calls itself: scikit-learn 1.5 to 1.8 have classes of a module `_loss` that is of theirs."""
    return str(getattr(sys.modules.get(module), "__name__", module))
