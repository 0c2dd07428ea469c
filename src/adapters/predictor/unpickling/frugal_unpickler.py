"""FrugalUnpickler: joblib's unpickler, which does not hold a forest twice and keeps code apart."""

import inspect
import pickle
from typing import Any, BinaryIO

from joblib.numpy_pickle import NumpyUnpickler

from foreseen.adapters.predictor.own_code.code_in_file import made_apart


class FrugalUnpickler(NumpyUnpickler):  # type: ignore[misc]
    """Lets go of the arrays of each decision tree as soon as the tree has copied them.

    An unpickler remembers all that it has built, in case the file refers to it again, so that a forest needed its size
    once more until its last tree was there. A tree's state is built for the pickle alone: nothing else refers to it.
    """

    dispatch = NumpyUnpickler.dispatch.copy()
    builtins: dict[str, Any] | None = None
    """Those of functions that the file holds; None for those of every function."""

    @classmethod
    def of(cls, file: BinaryIO) -> "FrugalUnpickler":
        """Return an unpickler of a file, as `joblib.load` makes one."""
        # joblib 1.5 made this an argument; it was always so before.
        is_new = "ensure_native_byte_order" in inspect.signature(NumpyUnpickler).parameters
        return cls("", file, **{"ensure_native_byte_order": True} if is_new else {})

    def find_class(self, module: str, name: str) -> Any:
        """Return what a module calls so, but for what makes code that the file holds."""
        found = super().find_class(module, name)
        return found if self.builtins is None else made_apart(module, name, found, self.builtins)

    def load_build(self) -> None:
        """Hand an object the state that its pickle holds."""
        owner, state = self.stack[-2:]
        super().load_build()
        if type(owner).__module__ == "sklearn.tree._tree" and isinstance(state, dict):
            state.clear()

    dispatch[pickle.BUILD[0]] = load_build


def load(file: BinaryIO, builtins: dict[str, Any] | None = None) -> Any:
    """Return the object that joblib or pickle wrote into a file.

    Args:
        builtins: those of functions that the file holds; None for those of every function.
    """
    unpickler = FrugalUnpickler.of(file)
    unpickler.builtins = builtins
    return unpickler.load()
