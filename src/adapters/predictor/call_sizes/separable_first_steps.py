"""The first steps of a pipeline, where they compute each row by itself and the others do not.

A step that encodes or scales may take milliseconds a call, and is called with as many rows as there are; only what
multiplies matrices needs calls of one size.
"""

from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Final

from foreseen.adapters.predictor.call_sizes.row_independence import row_knowledge

_SEARCHES: Final = {"GridSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV", "RandomizedSearchCV"}


@dataclass(frozen=True, slots=True)
class Steps:
    """A pipeline in two parts.

    Attributes:
        first: a transformer of all steps that compute each row by itself.
        rest: what answers to its rows.
    """

    first: Any
    rest: Any


def steps_of(model: Any) -> Steps | None:
    """Return the two parts of a pipeline of scikit-learn; None for any other model, and where one part is empty."""
    pipeline = _fitted(model)
    if not _is_of(pipeline, "sklearn.pipeline", {"Pipeline"}):
        return None
    steps = [step for _, step in pipeline.steps]
    count = len(list(takewhile(_is_independent, steps)))
    if not 0 < count < len(steps):
        return None
    rest = pipeline[count:] if count < len(steps) - 1 else steps[-1]
    return Steps(pipeline[:count], rest)


def _fitted(model: Any) -> Any:
    """Return the model that a search has found, which answers in its place."""
    found = getattr(model, "best_estimator_", None)
    return found if found is not None and _is_of(model, "sklearn.model_selection", _SEARCHES) else model


def _is_of(model: Any, package: str, names: set[str]) -> bool:
    kind = type(model)  # a class of the user's own that is derived from it may do anything
    return kind.__name__ in names and f"{kind.__module__}.".startswith(f"{package}.")


def _is_independent(step: Any) -> bool:
    is_passthrough = step is None or isinstance(step, str)
    return is_passthrough or row_knowledge(step) == "independent"
