"""TensorModel: a network of any library, called with one array per input and answering with arrays."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from foreseen.adapters.predictor.library_model import LibraryModel
from foreseen.adapters.predictor.networks.rejected_file import RejectedFileError
from foreseen.adapters.predictor.output_names import RESERVED_OUTPUTS, setting_name
from foreseen.domain.errors import PredictionError
from foreseen.domain.values.instance_size import require_few_rows
from foreseen.domain.values.output import Output
from foreseen.domain.values.signature import DType

Array = npt.NDArray[np.generic]

Compute = Callable[[Sequence[Array]], object]
"""Computes n rows: one array per input, of shape (n, *shape), to arrays of n rows in lists and dicts."""


@dataclass(frozen=True, slots=True)
class TensorInput:
    """One input of a network.

    Attributes:
        name: as its file calls it.
        dtype: of the values that clients send.
        shape: of one row; () for a single value.
        own_dtype: the dtype of the library that the network computes with.
    """

    name: str
    dtype: DType
    shape: tuple[int, ...]
    own_dtype: object


class TensorModel(LibraryModel):
    """A network with `predict`."""

    # A slot whose name begins with two underscores is not searched by `parts`: the thousands of objects behind it are
    # the library's.
    __slots__ = ("__compute",)

    def __init__(
        self,
        compute: Compute,
        inputs: Sequence[TensorInput],
        *,
        rows: int | None = None,
        depends_on: Mapping[str, bytes] | None = None,
        outputs: Sequence[str] = (),
    ) -> None:
        """Accept what computes.

        Args:
            rows: the number of rows of each call, if the network takes no other.
            depends_on: what else decides the bits of answers, such as the CPU's instructions, by name.
            outputs: names of what it answers with, where its file has names.
        Raises:
            RejectedFileError: the network takes very many rows at once.
        """
        try:
            require_few_rows(rows)
        except ValueError as exc:
            raise RejectedFileError(str(exc)) from exc
        self.__compute = compute
        self.inputs = tuple(inputs)
        self.rows = rows
        self.depends_on = dict(depends_on or {})
        self._own_names: dict[str, str] = {}
        for name in outputs:
            self._own_names[setting_name(name, (RESERVED_OUTPUTS - {"probabilities"}) | self._own_names.keys())] = name
        self.named_outputs: Mapping[str, Output] = {name: Output(name, name) for name in self._own_names}
        self.computes_rows_alone = False
        self.is_thread_safe = False

    def answers(self, names: Sequence[str], rows: object) -> Mapping[str, object]:
        """Return what `predict` returns, or one of its outputs, for each name; all of one call.

        Args:
            names: those of `named_outputs` mean this output; any other means all that `predict` returns.
            rows: as `predict` takes them.
        Returns:
            An array of n rows for each name, or a dict of such arrays where the network has several outputs.
        Raises:
            PredictionError: an output does not have n rows.
        """
        found = self.predict(cast("Mapping[str, Array] | Array", rows))
        own = found if isinstance(found, dict) else {}
        return {name: own.get(self._own_names.get(name, ""), found) for name in names}

    def predict(self, given: "Mapping[str, Array] | Array") -> Array | dict[str, Array]:
        """Return what the network answers: an array of n rows, or several by their names.

        Args:
            given: arrays of shape (n, *shape) by the names of the inputs; or one array, of shape (n, values), for a
                single input, or for inputs of one value each.
        Raises:
            PredictionError: an output does not have n rows.
        """
        arrays = self._arrays(given)
        n = len(arrays[0])
        if self.rows is None:
            return _plain(self._called(arrays, n))
        parts = [self._called(part, self.rows) for part in _parts(arrays, n, self.rows)]
        return _plain({name: np.concatenate([part[name] for part in parts])[:n] for name in parts[0]})

    def _arrays(self, given: "Mapping[str, Array] | Array") -> list[Array]:
        if isinstance(given, Mapping):
            return [given[each.name] for each in self.inputs]
        if len(self.inputs) == 1:
            return [given.reshape(len(given), *self.inputs[0].shape)]
        if any(each.shape for each in self.inputs) or given.shape != (len(given), len(self.inputs)):
            raise TypeError(f'expected takes = "tensors" for a model of {len(self.inputs)} inputs')
        return [given[:, place] for place in range(len(self.inputs))]

    def _called(self, arrays: Sequence[Array], n: int) -> dict[str, Array]:
        outputs = dict(_named(self.__compute(arrays), ""))
        for name, output in outputs.items():
            if output.ndim == 0 or len(output) != n:
                which = f"the output {name}" if name else "the model"
                raise PredictionError(f"expected {n} rows from {which}, got an array of shape {output.shape}")
        return outputs


def _parts(arrays: Sequence[Array], n: int, rows: int) -> Iterator[list[Array]]:
    """Yield the arrays in parts of so many rows, the last one filled up with copies of the last row."""
    for start in range(0, n, rows):
        index = np.minimum(np.arange(start, start + rows), n - 1)
        yield [array[index] for array in arrays]


def _named(found: object, name: str) -> Iterator[tuple[str, Array]]:
    """Yield each output by its name: those of a dict by their keys, those of a list by their places."""
    if isinstance(found, np.ndarray):
        yield name, found
        return
    if isinstance(found, list | tuple):
        found = {str(place): part for place, part in enumerate(found)}
    if not isinstance(found, Mapping):
        raise PredictionError(f"expected the model to answer with tensors, got {type(found).__qualname__}")
    for key, part in found.items():
        yield from _named(part, f"{name}.{key}" if name else str(key))


def _plain(outputs: dict[str, Array]) -> Array | dict[str, Array]:
    """Return a single output as it is; of several, those with one value a row as these values."""
    if len(outputs) == 1:
        return next(iter(outputs.values()))
    return {name: each[:, 0] if each.ndim == 2 and each.shape[1] == 1 else each for name, each in outputs.items()}
