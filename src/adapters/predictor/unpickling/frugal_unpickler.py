"""FrugalUnpickler: joblib's unpickler, but with each forest once in memory, and with isolated code."""

import inspect
import pickle
from typing import BinaryIO

from joblib.numpy_pickle import NumpyUnpickler

from foreseen.adapters.predictor.own_code.code_in_file import scoped_maker
from foreseen.adapters.predictor.unpickling.script_namespace import (
    is_script_namespace,
    require_globals,
    script_namespace,
)


class FrugalUnpickler(NumpyUnpickler):  # type: ignore[misc]
    """Releases the arrays of each decision tree as soon as the tree has copied them.

    An unpickler remembers everything that it has built, in case the file refers to it again, so that a forest would
    need twice its size until the last tree is built. Only the pickle needs a tree's state: nothing else refers to it.
    """

    dispatch = NumpyUnpickler.dispatch.copy()
    builtins: dict[str, object] | None = None
    """Builtins of functions in the file; None for the process's own."""
    uses_script = False
    """Whether the file refers to the globals of the script that saved it."""

    @classmethod
    def of(cls, file: BinaryIO) -> "FrugalUnpickler":
        """Return an unpickler of a file, as `joblib.load` creates one."""
        # joblib 1.5 made this an argument; before, it was always on.
        is_new = "ensure_native_byte_order" in inspect.signature(NumpyUnpickler).parameters
        return cls("", file, **{"ensure_native_byte_order": True} if is_new else {})

    def find_class(self, module: str, name: str) -> object:
        """Return an object of a module by name; functions that create code in the file are replaced by scoped ones."""
        if is_script_namespace(module, name):
            self.uses_script = True
            return script_namespace()
        found = super().find_class(module, name)
        return found if self.builtins is None else scoped_maker(module, name, found, self.builtins)

    def load_build(self) -> None:
        """Set the state of an object from its pickle."""
        owner, state = self.stack[-2:]
        super().load_build()
        if type(owner).__module__ == "sklearn.tree._tree" and isinstance(state, dict):
            state.clear()

    dispatch[pickle.BUILD[0]] = load_build


def load(file: BinaryIO, builtins: dict[str, object] | None = None) -> object:
    """Return the object that joblib or pickle wrote into a file.

    Args:
        builtins: of functions in the file; None for the process's own.
    """
    unpickler = FrugalUnpickler.of(file)
    unpickler.builtins = builtins
    found: object = unpickler.load()
    if unpickler.uses_script:
        require_globals(found)
    return found
