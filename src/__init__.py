"""Foreseen serves a model's predictions and never computes the same one twice.

From Python: `foreseen.load("model.joblib").predict(frame)`, `foreseen.score(frame, model="model.joblib")`.
"""

# Nothing is imported here: under `python -m foreseen` the working directory still comes first on the path, and a
# file there may be called as any library.
TYPE_CHECKING = False  # as type checkers know it
if TYPE_CHECKING:
    from foreseen.domain.errors import ForeseenError
    from foreseen.entrypoints.python.load import load
    from foreseen.entrypoints.python.loaded_model import Model
    from foreseen.entrypoints.python.python_errors import RejectedRow, RejectedRowsError
    from foreseen.entrypoints.python.score import score

    __version__: str

__all__ = ["ForeseenError", "Model", "RejectedRow", "RejectedRowsError", "__version__", "load", "score"]

_PLACES = {
    "ForeseenError": "foreseen.domain.errors",
    "Model": "foreseen.entrypoints.python.loaded_model",
    "RejectedRow": "foreseen.entrypoints.python.python_errors",
    "RejectedRowsError": "foreseen.entrypoints.python.python_errors",
    "load": "foreseen.entrypoints.python.load",
    "score": "foreseen.entrypoints.python.score",
}
"""Where each name is defined; imported when it is first used, since pandas and Arrow take a second."""


def __getattr__(name: str) -> object:
    """Return a public name, importing what it needs (PEP 562)."""
    from importlib import import_module  # noqa: PLC0415 - see above

    if name == "__version__":
        return import_module("importlib.metadata").version("foreseen")
    if name not in _PLACES:
        raise AttributeError(f"module 'foreseen' has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    """Return what there is, for completion in a notebook."""
    return sorted({*globals(), *__all__})
