"""The part of a model that consists of trees: all of it, or the last step of a pipeline."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from foreseen.adapters.predictor.call_sizes.row_independence import row_knowledge
from foreseen.adapters.predictor.call_sizes.separable_first_steps import fitted_by_search, is_of
from foreseen.adapters.predictor.engines.tree_engine import NoEngineError

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

_METHODS: Final = ("predict", "predict_proba", "decision_function", "transform")
"""Methods that may have been replaced in a single model."""


@dataclass(frozen=True, slots=True)
class TreePart:
    """A model in two parts.

    Attributes:
        transformer: the steps before the trees, which transform each row by itself; None if there are none.
        trees: the last step, or the whole model.
    """

    transformer: "Pipeline | None"
    trees: object


def tree_part(model: object) -> TreePart:
    """Return the parts of a model, or of the best one that a search has found.

    Raises:
        NoEngineError: its transformers may compute rows together or are not scikit-learn's, or methods were replaced.
    """
    fitted = _found(model)
    if not is_of(fitted, "sklearn.pipeline", {"Pipeline"}):
        return TreePart(None, fitted)
    pipeline = cast("Pipeline", fitted)
    if len(pipeline.steps) == 1:
        return tree_part(pipeline.steps[0][1])
    transformer = pipeline[:-1]
    if row_knowledge(transformer) != "independent":
        raise NoEngineError("a transformer may compute rows together")
    rest = tree_part(pipeline.steps[-1][1])
    if rest.transformer is not None:
        raise NoEngineError("its last step is a pipeline")
    return TreePart(transformer, rest.trees)


def _found(model: object) -> object:
    while (fitted := fitted_by_search(model)) is not model:
        _require_own_methods(model)
        model = fitted
    _require_own_methods(model)
    return model


def _require_own_methods(model: object) -> None:
    if replaced := [name for name in _METHODS if name in getattr(model, "__dict__", {})]:
        raise NoEngineError(f"its {replaced[0]} was replaced")
