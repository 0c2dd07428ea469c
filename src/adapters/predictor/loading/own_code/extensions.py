"""Extensions of one's own, compiled for the machine: a process loads such a file once, and never again another."""

from collections.abc import Iterable, Mapping
from types import ModuleType

from foreseen.adapters.predictor.loading.own_code.module_file import ModuleFile
from foreseen.domain.errors import ModelUnavailableError

_KEPT: dict[str, ModuleType] = {}
_KEPT_WITH: dict[str, Mapping[str, bytes]] = {}


def kept_extension(file: ModuleFile) -> ModuleType | None:
    """Return the module that this process has loaded from a file; None the first time."""
    return _KEPT.get(str(file.spec.origin))


def keep_extension(file: ModuleFile, module: ModuleType) -> None:
    """Keep the module that was loaded from a file."""
    _KEPT[str(file.spec.origin)] = module


def refuse_other_code(files: Iterable[ModuleFile], contents: Mapping[str, bytes]) -> None:
    """Refuse own code that has changed since this process has loaded an extension with it.

    The machine code in this process stays the old one, and so do the modules that it has imported.

    Args:
        files: of all own modules of a load.
        contents: what stands for them in its fingerprint, by name.
    """
    for file in files:
        if file.is_extension and _KEPT_WITH.setdefault(str(file.spec.origin), dict(contents)) != contents:
            raise ModelUnavailableError(
                f"{file.spec.origin}: expected the code that this process has loaded with this extension module, which "
                "it cannot load again, got other code; restart, or give the model a process of its own (model_in)"
            )
