"""LibraryModel: a model that its loader makes of a library's session or graph, without scikit-learn's conventions."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from foreseen.domain.values.output import Output


class LibraryModel(ABC):
    """A model that says itself what it answers, and how it may be called.

    Methods of scikit-learn (`predict`, `predict_proba`) that it has are outputs as well.

    Attributes:
        named_outputs: its outputs besides those methods, by the names that an operator chooses them by.
        computes_rows_alone: whether no bit of a row's answer depends on how many other rows its call has.
        is_thread_safe: whether several threads may call it at once.
        depends_on: what its answers depend on besides its file and its libraries, by name.
    """

    named_outputs: Mapping[str, Output]
    computes_rows_alone: bool
    is_thread_safe: bool
    depends_on: Mapping[str, bytes]

    @abstractmethod
    def answers(self, names: Sequence[str], rows: object) -> Mapping[str, object]:
        """Return what each of some outputs answers to rows, all of one call.

        Raises:
            ValueError: it rejects the rows.
        """


def shown_name(model: object) -> str:
    """Return what messages call a model: its class, unless that is Foreseen's own."""
    return "the model" if isinstance(model, LibraryModel) else type(model).__qualname__
