"""Extensions of one's own, compiled for the machine: a process loads such a file once, and never again another."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType

from foreseen.adapters.predictor.own_code.module_file import ModuleFile
from foreseen.domain.errors import ModelUnavailableError


@dataclass(slots=True)
class _Kept:
    """An extension that this process has loaded.

    Attributes:
        files: of the load that it was loaded in, by the module's name; all that it may have imported from.
        executed: modules of that load, by name; after a load that failed only those can be in use.
    """

    module: ModuleType
    files: Mapping[str, ModuleFile]
    executed: Mapping[str, ModuleType] | None

    def stays_with(self, files: Mapping[str, ModuleFile]) -> bool:
        """Return whether other files hold the code that it was loaded with."""
        return all(
            name in files and files[name].content == file.content
            for name, file in self.files.items()
            if self.executed is None or name in self.executed or file.is_extension
        )


_kept: dict[str, _Kept] = {}


def kept_extension(file: ModuleFile) -> ModuleType | None:
    """Return the module that this process has loaded from a file; None the first time."""
    kept = _kept.get(str(file.spec.origin))
    return None if kept is None else kept.module


def keep_extension(
    file: ModuleFile, module: ModuleType, files: Mapping[str, ModuleFile], executed: Mapping[str, ModuleType]
) -> None:
    """Keep the module that was loaded from a file, with the files and modules of its load as they go on to grow."""
    _kept.setdefault(str(file.spec.origin), _Kept(module, files, executed))


def refuse_other_code(files: Mapping[str, ModuleFile]) -> None:
    """Refuse own code that has changed since this process has loaded an extension with it.

    The machine code in this process stays the old one, and so do the modules that it has imported.

    Args:
        files: of all own modules of a load that has found them all, by name.
    """
    extensions = [file for file in files.values() if file.is_extension]
    for file in extensions:
        kept = _kept.get(str(file.spec.origin))
        if kept is not None and not kept.stays_with(files):
            raise ModelUnavailableError(
                f"{file.spec.origin}: expected the code that this process has loaded with this extension module, which "
                "it cannot load again, got other code; restart, or run the model in its own process (model_isolation)"
            )
    for file in extensions:
        kept = _kept.get(str(file.spec.origin))
        if kept is not None and kept.files is files:
            kept.executed = None
