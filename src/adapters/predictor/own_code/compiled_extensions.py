"""The user's own compiled extensions: a process loads such a file once, and never another version of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType

from foreseen.adapters.predictor.own_code.module_file import ModuleFile
from foreseen.domain.errors import ModelUnavailableError


@dataclass(slots=True)
class _Kept:
    """An extension that this process has loaded.

    Attributes:
        files: of the load that loaded it, by the module's name; it may have imported from any of them.
        executed: modules of that load, by name, of which alone the extension can use any if the load fails; None once
            the load has succeeded.
    """

    module: ModuleType
    files: Mapping[str, ModuleFile]
    executed: Mapping[str, ModuleType] | None

    def stays_with(self, files: Mapping[str, ModuleFile]) -> bool:
        """Return whether the files of another load contain the code that it was loaded with."""
        return all(
            name in files and files[name].content == file.content
            for name, file in self.files.items()
            if self.executed is None or name in self.executed or file.is_extension
        )


KEPT: dict[str, _Kept] = {}


def kept_extension(file: ModuleFile) -> ModuleType | None:
    """Return the module that this process has loaded from an extension's file; None if it has not."""
    kept = KEPT.get(str(file.spec.origin))
    return None if kept is None else kept.module


def keep_extension(
    file: ModuleFile, module: ModuleType, files: Mapping[str, ModuleFile], executed: Mapping[str, ModuleType]
) -> None:
    """Keep the module that was loaded from a file, with its load's files and modules, to which more may be added."""
    KEPT.setdefault(str(file.spec.origin), _Kept(module, files, executed))


def reject_other_code(files: Mapping[str, ModuleFile]) -> None:
    """Reject own code that has changed since this process loaded an extension with it.

    The process keeps the extension's old machine code, and so the modules that this has imported.

    Args:
        files: of all own modules of a load that has found them all, by name.
    Raises:
        ModelUnavailableError: some code differs.
    """
    extensions = [file for file in files.values() if file.is_extension]
    for file in extensions:
        kept = KEPT.get(str(file.spec.origin))
        if kept is not None and not kept.stays_with(files):
            raise ModelUnavailableError(
                f"{file.spec.origin}: expected the code with which this process loaded this extension module, which "
                "it cannot load again, got other code; restart, or run the model in its own process (model_isolation)"
            )
    for file in extensions:
        kept = KEPT.get(str(file.spec.origin))
        if kept is not None and kept.files is files:
            kept.executed = None
