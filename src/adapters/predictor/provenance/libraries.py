"""Libraries that a model's answers depend on: their versions, and what else distinguishes two installations."""

import platform
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from foreseen.adapters.predictor.own_code.installed_distributions import contents_of, distribution_of, name_of
from foreseen.adapters.predictor.own_code.module_file import found_spec
from foreseen.adapters.predictor.provenance.loaded_distributions import reject_other_version


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a model's answers depend on besides its file.

    Attributes:
        versions: of Python and of each library that computes, by name.
        sources: contents of own modules, of files that they read and of what was installed without an index, by name.
    """

    versions: dict[str, str]
    sources: dict[str, bytes]


def libraries(modules: Iterable[str], *, always: Iterable[str] = ()) -> Provenance:
    """Return Python's version and the distributions that some modules come from, without foreseen itself.

    Args:
        modules: names of the modules of the model's classes, or of its library.
        always: distributions that every model of its format depends on.
    Raises:
        ModelUnavailableError: this process has loaded another version of one of them.
    """
    installed = _distributions(modules)
    versions = {name: metadata.version(name) for name in sorted({*always, *installed})}
    contents = {name: content for name, info in installed.items() if (content := contents_of(info))}
    reject_other_version(versions, contents)
    python = ".".join(platform.python_version_tuple()[:2])
    sources = {f"distribution {name}": content for name, content in contents.items()}
    return Provenance({"python": python, **versions}, sources)


def _distributions(modules: Iterable[str]) -> dict[str, Path]:
    """Return the metadata of the distributions that these modules come from, by name, without foreseen itself."""
    infos = {info for module in modules if (info := _distribution(module)) is not None}
    named = {name_of(info): info for info in infos}
    return {name: info for name, info in named.items() if name != "foreseen"}


def _distribution(module: str) -> Path | None:
    """Return the metadata of the distribution that a module comes from; namespace packages around it do not decide."""
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
