"""The first steps of a pipeline, where they compute each row by itself and the others do not.

A step that encodes or scales may take milliseconds per call, so it is called once with all rows. Only steps that
multiply matrices need calls of a fixed size.
"""

from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Final, cast

from foreseen.adapters.predictor.call_sizes.row_independence import row_knowledge

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

_SEARCHES: Final = {"GridSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV", "RandomizedSearchCV"}


@dataclass(frozen=True, slots=True)
class Steps:
    """A pipeline in two parts.

    Attributes:
        first: the leading steps that compute each row by itself, as one transformer.
        rest: what predicts from the rows that `first` returns.
    """

    first: "Pipeline"
    rest: object


def steps_of(model: object) -> Steps | None:
    """Return the two parts of a pipeline of scikit-learn; None for any other model, and if a part would be empty."""
    fitted = fitted_by_search(model)
    if not is_of(fitted, "sklearn.pipeline", {"Pipeline"}):
        return None
    pipeline = cast("Pipeline", fitted)
    steps = [step for _, step in pipeline.steps]
    count = len(list(takewhile(_is_independent, steps)))
    if not 0 < count < len(steps):
        return None
    rest = pipeline[count:] if count < len(steps) - 1 else steps[-1]
    return Steps(pipeline[:count], rest)


def fitted_by_search(model: object) -> object:
    """Return the model that a search found, which predicts in its place; any other model itself."""
    found = getattr(model, "best_estimator_", None)
    return found if found is not None and is_of(model, "sklearn.model_selection", _SEARCHES) else model


def is_of(model: object, package: str, names: set[str]) -> bool:
    """Return whether a model's class has one of these names and is defined in a package of a library."""
    kind = type(model)  # the exact class: a user's own subclass may do anything
    return kind.__name__ in names and f"{kind.__module__}.".startswith(f"{package}.")


def _is_independent(step: object) -> bool:
    is_passthrough = step is None or isinstance(step, str)
    return is_passthrough or row_knowledge(step) == "independent"
