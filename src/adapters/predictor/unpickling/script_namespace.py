"""The script's namespace: where functions that dill saved look their globals up, unless it saved them too."""

import dis
import sys
from collections.abc import Iterator
from types import CodeType, FunctionType

from foreseen.adapters.predictor.own_code.code_in_model import Named, reached_from


def is_script_namespace(module: str, name: str) -> bool:
    """Return whether a pickle refers by this to the globals of the script that saved it.

    Source:
        dill, _dill.py: save_module_dict
    """
    return (module, name) == ("__builtin__", "__main__")


def script_namespace() -> dict[str, object]:
    """Return the globals of the script of `--code`, else those of the program that runs, such as a notebook."""
    return vars(sys.modules["__main__"])


def require_globals(model: object) -> None:
    """Raise AttributeError, as Python's unpickler does, if the script defines no name that a function looks up there.

    A function of dill is created whether its globals are there or not, and would fail only when it is called.
    """
    known = script_namespace()

    def is_of_script(named: Named) -> bool:
        if isinstance(named, FunctionType):
            return named.__globals__ is known
        return isinstance(named, type) and named.__module__ == "__main__"

    for part in reached_from(model, follows=is_of_script):
        if isinstance(part, FunctionType) and part.__globals__ is known:
            provided = {*known, *getattr(part, "__builtins__", {})}
            for name in _globals_in(part.__code__):
                if name not in provided:
                    raise AttributeError(f"Can't get attribute {name!r} on <module {known['__name__']!r}>")


def _globals_in(code: CodeType) -> Iterator[str]:
    """Yield the names that code looks up in its module or in the builtins, including in its functions and classes."""
    yield from (str(step.argval) for step in dis.get_instructions(code) if step.opname == "LOAD_GLOBAL")
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _globals_in(constant)
