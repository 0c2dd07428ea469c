"""Failures: the errors of a model in its trial, each once, and the forms of input that caused it."""

from typing import Final

from foreseen.domain.errors import PredictionError
from foreseen.domain.model.model_input import Takes

_MOST: Final = 3
_WHATEVER_THE_VALUES: Final = (NameError, ImportError)
"""Errors that do not depend on values: a name or a module is missing."""


class Failures:
    """The different failures of a model, in the order in which they came."""

    def __init__(self) -> None:
        self._forms: dict[str, dict[Takes, None]] = {}
        self._types: dict[str, type] = {}

    def note(self, takes: Takes, exc: PredictionError) -> None:
        """Record an error that a form of input caused."""
        error = str(exc).splitlines()[0]
        self._forms.setdefault(error, {})[takes] = None
        self._types.setdefault(error, type(exc.__cause__))

    def in_words(self) -> str:
        """Return the most informative failures, each with the forms that caused it."""
        errors = self._by_worth()
        shown = [f"given {self._forms_in_words(error)}: {error}" for error in errors[:_MOST]]
        others = len(errors) - len(shown)
        return "; ".join(shown) + (f"; and {others} more" if others else "")

    def _forms_in_words(self, error: str) -> str:
        *others, last = map(form_in_words, self._forms[error])
        return f"{', '.join(others)} or {last}" if others else last

    def _by_worth(self) -> list[str]:
        """Return first the errors that do not depend on values, then one of each type, then the rest."""
        of_type: dict[type, int] = {}
        worth: dict[str, tuple[bool, int]] = {}
        for error, cause in self._types.items():
            before = of_type.get(cause, 0)
            of_type[cause] = before + 1
            worth[error] = (not issubclass(cause, _WHATEVER_THE_VALUES), before)
        return sorted(worth, key=worth.__getitem__)


def form_in_words(takes: Takes) -> str:
    """Return the name of a form in messages."""
    return _IN_WORDS[takes]


_IN_WORDS: Final[dict[Takes, str]] = {
    "frame": "a DataFrame",
    "polars": "a DataFrame of polars",
    "array": "an array",
    "texts": "a list of texts",
    "dicts": "a list of dicts",
    "tensor": "a tensor",
    "tensors": "a dict of tensors",
}
