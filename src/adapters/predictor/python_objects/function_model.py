"""FunctionModel: a function, or another object that can be called, as a model whose `predict` it is."""

from collections.abc import Callable


class FunctionModel:
    """Calls a function with all rows at once. Its attributes describe it as a model's do: `feature_names_in_`."""

    __slots__ = ("function",)

    def __init__(self, function: Callable[[object], object]) -> None:
        self.function = function

    def predict(self, rows: object) -> object:
        """Return what the function returns for rows."""
        return self.function(rows)

    def __getattr__(self, name: str) -> object:
        if name == "function" or name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.function, name)


def function_model(function: Callable[[object], object]) -> FunctionModel:
    """Return a model of a class that has the function's name, by which messages call it."""
    name = getattr(function, "__qualname__", type(function).__qualname__)
    kind: type[FunctionModel] = type(str(name), (FunctionModel,), {"__slots__": ()})
    return kind(function)
