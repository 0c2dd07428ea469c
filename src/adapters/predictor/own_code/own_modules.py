"""OwnModules: the user's own modules that one load executes, separate from those of every other load."""

import builtins
import sys
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType
from weakref import WeakSet

from foreseen.adapters.predictor.own_code.compiled_extensions import keep_extension, kept_extension
from foreseen.adapters.predictor.own_code.installed_distributions import is_own
from foreseen.adapters.predictor.own_code.module_file import ModuleFile, found_spec
from foreseen.adapters.predictor.own_code.module_locks import ModuleLocks
from foreseen.adapters.predictor.own_code.scoped_import import ScopedImport


class OwnModules:
    """Finds, executes and keeps the user's own modules: not of the standard library, not installed, and not foreseen's.

    Each is read once, checked like the model file, compiled from its source and executed. They import one another from
    here: an old model keeps its modules while a new one is loaded with others of the same names, and a module that only
    a later call imports is the one that existed when the model was loaded.

    Attributes:
        builtins: those of own modules, with an `__import__` that looks here first.
        is_public: whether these modules are in `sys.modules`.
    """

    def __init__(self, outside: Mapping[str, ModuleType], folder: Path | None = None) -> None:
        """Accept the own modules that were imported before, by name; one is used if it cannot be found again.

        Args:
            folder: of modules that came with the model. They are found before installed ones, as where it was trained.
        """
        self.builtins: dict[str, object] = {**vars(builtins), "__import__": ScopedImport(self)}
        self.is_public = True
        self._outside = outside
        self._folder = None if folder is None else str(folder.resolve())
        self._files: dict[str, ModuleFile] = {}
        self._modules: dict[str, ModuleType] = {}
        self._by_path: WeakSet[ModuleType] = WeakSet()
        self._others: dict[str, ModuleSpec] = {}
        self._imported: set[str] = set()
        self._locks = ModuleLocks()
        self._listed: Mapping[Path, bytes] | None = None

    @property
    def files(self) -> Mapping[str, ModuleFile]:
        """The files of own modules that were found, by the module's name."""
        return self._files

    @property
    def modules(self) -> Mapping[str, ModuleType]:
        """The modules that were executed, by name."""
        return self._modules

    @property
    def others(self) -> Mapping[str, ModuleSpec]:
        """The specs of other modules that were found, by name; mostly top-level ones."""
        return self._others

    @property
    def imported(self) -> frozenset[str]:
        """The names of other modules, of libraries mostly, that own ones import."""
        return frozenset(self._imported)

    def on_the_way_to(self, name: str) -> Iterator[ModuleFile]:
        """Yield the files of own modules that importing a name executes, packages first; note others in `imported`."""
        for part in _prefixes(name):
            if (file := self.file(part)) is None:
                if part in self._others:
                    self._imported.add(name)
                return
            yield file

    def is_own(self, name: str) -> bool:
        """Return whether a name is an own module's, or missing in an own package; note another's in `imported`."""
        if name in self._files or name in self._modules:
            return True
        found = list(self.on_the_way_to(name))
        return bool(found) and not any(part in self._others for part in _prefixes(name))

    def file(self, name: str) -> ModuleFile | None:
        """Return the file of an own module; None if there is none.

        Raises:
            ImportError: there is one, but it was not part of the model when that was loaded.
            ModelUnavailableError: another user may write to it.
        """
        if name in self._files or name in self._others:
            return self._files.get(name)
        parent, _, _ = name.rpartition(".")
        package = self.file(parent) if parent else None
        if parent and (package is None or not package.is_package):
            return None
        spec = self._spec(name, package)
        if spec is None:
            return None
        is_in_own_package = package is not None and package.spec.has_location
        if not is_in_own_package and not is_own(spec):
            self._others[name] = spec
            return None
        file = ModuleFile(name, spec)
        self._reject_late(file)
        return self._files.setdefault(name, file)

    def add(self, file: ModuleFile) -> None:
        """Use a file for the module of its name, whatever else would be found under that name."""
        self._files[file.name] = file

    def close(self, listed: Mapping[Path, bytes]) -> None:
        """Accept no further modules, except files of the fingerprint, by path with their BLAKE2b digests."""
        self._listed = listed

    def module(self, name: str) -> ModuleType:
        """Return an own module, executed at its first use; raise what its code raises, or ModuleNotFoundError."""
        self._locks.wait_for(name)
        if (module := self._modules.get(name)) is not None:
            return module
        parent, _, last = name.rpartition(".")
        package = self.module(parent) if parent else None
        if (file := self.file(name)) is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        module = self._executed_once(file)
        if package is not None:
            setattr(package, last, module)
        return module

    def execute_by_path(self, module: ModuleType, spec: ModuleSpec) -> None:
        """Execute a module whose file was found by its path; raise what its code raises.

        Several may have the same name, and one may be executed repeatedly, so they are identified by name and content.
        """
        file = ModuleFile(spec.name, spec)
        key = f"{spec.name} {blake2b(file.content).hexdigest()}"
        if key not in self._files:
            self._reject_late(file)
            self._files[key] = file
        self._by_path.add(module)
        if sys.modules.get(spec.name) is module:
            self._modules[spec.name] = module
        self._execute(file, module)

    def shown(self) -> Iterator[ModuleType]:
        """Yield the modules that may be in `sys.modules`, under whatever name."""
        yield from self._modules.values()
        yield from self._by_path

    def show(self) -> None:
        """Put these modules into `sys.modules`, unless others are there."""
        self.is_public = True
        for name, module in self._modules.items():
            sys.modules.setdefault(name, module)

    def _spec(self, name: str, package: ModuleFile | None) -> ModuleSpec | None:
        path = None
        if package is not None:
            executed = self._modules.get(package.name)
            path = getattr(executed, "__path__", package.spec.submodule_search_locations)
        spec = self._came_with_model(name) if package is None else None
        spec = spec or found_spec(name, path)
        outside = self._outside.get(name)
        return outside.__spec__ if spec is None and outside is not None else spec

    def _came_with_model(self, name: str) -> ModuleSpec | None:
        """Return where a top-level module of the model's folder is, unless a library of its name is in use."""
        if self._folder is None or name in sys.stdlib_module_names or name in sys.modules:
            return None
        return PathFinder.find_spec(name, [self._folder])

    def _reject_late(self, file: ModuleFile) -> None:
        if self._listed is None or not file.spec.has_location:
            return
        if self._listed.get(Path(str(file.spec.origin)).resolve()) != blake2b(file.content).digest():
            raise ImportError(
                f"module {file.name!r} was not part of the model when it was loaded, and answers would be cached as "
                "if it had been: import it by a statement in the model's code, or list its file in the sidecar's "
                "[fingerprint] files, and reload",
                name=file.name,
            )

    def _executed_once(self, file: ModuleFile) -> ModuleType:
        name = file.name
        while not self._locks.begin(name):
            self._locks.wait_for(name)
            if name in self._modules:  # executed by another thread, even by one that waits for this thread
                return self._modules[name]
        try:
            return self._modules[name] if name in self._modules else self._executed(file)
        finally:
            self._locks.end(name)

    def _executed(self, file: ModuleFile) -> ModuleType:
        name = file.name
        module, is_new = self._created(file)
        self._modules[name] = module
        is_shown = self.is_public and sys.modules.setdefault(name, module) is module
        try:
            if is_new:
                self._execute(file, module)
        except BaseException:
            del self._modules[name]
            if is_shown:
                sys.modules.pop(name, None)
            raise
        if is_shown and (shown := sys.modules.get(name, module)) is not module:  # replaced by the module itself
            self._modules[name] = shown
        return self._modules[name]

    def _created(self, file: ModuleFile) -> tuple[ModuleType, bool]:
        """Return the module of a file, and whether it is still to be executed."""
        before = self._outside.get(file.name)
        if before is not None and before.__spec__ is file.spec:
            return before, False
        if file.is_extension and (kept := kept_extension(file)):
            return kept, False
        return module_from_spec(file.spec), True

    def _execute(self, file: ModuleFile, module: ModuleType) -> None:
        if file.code is not None:
            vars(module)["__builtins__"] = self.builtins
            exec(file.code, vars(module))  # noqa: S102 - what an import does
        elif not file.spec.has_location:
            _set_installed_parts(module)
        elif file.spec.loader is not None:
            file.spec.loader.exec_module(module)
        if file.is_extension:
            keep_extension(file, module, self._files, self._modules)


def _prefixes(name: str) -> Iterator[str]:
    """Yield the names of the packages that contain a module, outermost first, and its own: a, a.b, a.b.c."""
    parts = name.split(".")
    return (".".join(parts[:n]) for n in range(1, len(parts) + 1))


def _set_installed_parts(package: ModuleType) -> None:
    """Set the already imported modules of a namespace package, some of whose folders may be installed."""
    for name, part in sys.modules.copy().items():
        parent, _, last = name.rpartition(".")
        if parent == package.__name__:
            setattr(package, last, part)


def hide(several: Iterable[OwnModules]) -> None:
    """Remove the modules of several loads from `sys.modules`, under any name."""
    ours: set[int] = set()
    for own in several:
        own.is_public = False
        ours.update(map(id, own.shown()))
    # `copy` is atomic; while a list is made, a finalizer may import something.
    for name, module in sys.modules.copy().items():
        if id(module) in ours:
            del sys.modules[name]
