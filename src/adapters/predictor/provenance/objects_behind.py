"""Objects behind a model: what its own code refers to in modules and enclosing functions, such as weights."""

from types import BuiltinFunctionType, FunctionType, ModuleType

from foreseen.adapters.predictor.own_code.code_in_model import Named, reached_from
from foreseen.adapters.predictor.own_code.own_modules import OwnModules


def objects_behind(model: object, own: OwnModules) -> list[object]:
    """Return the objects that a model does not contain, but that its own code refers to; no code, classes or modules.

    A function that answers for `model = joblib.load(…)` beside it computes with that model, though it holds nothing.
    """
    executed = {id(module): module for module in own.modules.values()}
    names = {module.__name__ for module in executed.values()}

    def follows(named: Named) -> bool:
        if isinstance(named, ModuleType):
            return id(named) in executed
        if isinstance(named, FunctionType):
            return getattr(named, "__builtins__", None) is own.builtins  # which typeshed does not know
        return named.__module__ in names

    inside = {id(part) for part in reached_from(model, follows=lambda _: False)}
    found = reached_from(model, follows=follows)
    return [part for part in found if id(part) not in inside and not isinstance(part, _CODE)]


_CODE = (type, FunctionType, BuiltinFunctionType, ModuleType)
