"""OnnxModel: a graph of ONNX with methods of scikit-learn where it is a classifier, and its outputs by name."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from foreseen.adapters.predictor.cpu_kernels import cpu_kernels
from foreseen.adapters.predictor.library_model import LibraryModel
from foreseen.adapters.predictor.onnx.graph_answers import GraphAnswers
from foreseen.adapters.predictor.onnx.graph_categories import GraphCategories
from foreseen.adapters.predictor.onnx.graph_tensors import TEXT, GraphTensor
from foreseen.adapters.predictor.onnx.onnx_session import said_by_onnxruntime
from foreseen.adapters.predictor.output_names import RESERVED_OUTPUTS, setting_name
from foreseen.domain.errors import PredictionError
from foreseen.domain.values.output import Output

if TYPE_CHECKING:
    import onnxruntime

Array: TypeAlias = npt.NDArray[np.generic]

_UNKNOWN_CATEGORY: Final = "Unknown Category"
"""What onnxruntime says of a value that an encoder does not know, as of any failure within an operator."""

_NUMBERS: Final = frozenset({"float16", "float32", "float64"})


@dataclass(frozen=True, slots=True)
class Graph:
    """What is known of a graph before it computes.

    Attributes:
        rows: how many rows it is always called with; None if it takes any number.
        computes_rows_alone: whether each of its operators computes a row by itself.
        categories: what it rejects of columns because it does not know it.
    """

    inputs: tuple[GraphTensor, ...]
    answers: GraphAnswers
    rows: int | None
    computes_rows_alone: bool
    categories: GraphCategories = field(default_factory=GraphCategories)


class OnnxModel(LibraryModel):
    """Computes a graph by a session.

    Attributes:
        session: of onnxruntime.
        graph: that the session computes.
        classes_: the labels of a classifier; other graphs have no such attribute.
    """

    is_thread_safe = True
    classes_: Array
    _estimator_type: Literal["classifier", "regressor"] | None = None

    def __init__(self, session: "onnxruntime.InferenceSession", graph: Graph) -> None:
        """Accept a session, and what is known of its graph."""
        self.session = session
        self.graph = graph
        self.computes_rows_alone = graph.computes_rows_alone
        self.depends_on = {} if graph.computes_rows_alone else {"CPU": cpu_kernels().encode()}
        self.named_outputs: dict[str, Output] = {}
        self._tensors: dict[str, str] = {}
        known = {graph.answers.label, graph.answers.scores}
        reserved = RESERVED_OUTPUTS if graph.answers.scores else RESERVED_OUTPUTS - {"probabilities"}
        for tensor in graph.answers.outputs if not graph.answers.is_regressor else ():
            if tensor.name not in known:
                output = _output(tensor, reserved | self._tensors.keys())
                self.named_outputs[output.name] = output
                self._tensors[output.name] = tensor.name
        if graph.answers.is_regressor:
            self._estimator_type = "regressor"
        if graph.answers.classes:
            self._estimator_type = "classifier"
            self.classes_ = np.asarray(graph.answers.classes, dtype=object)

    def predict(self, rows: object) -> object:
        """Return the label or the number of each row, or a dict of all outputs; raise as `answers`."""
        return self.answers(["predict"], rows)["predict"]

    def answers(self, names: Sequence[str], rows: object) -> Mapping[str, object]:
        """Return what each of some outputs answers to rows, all of one call.

        Args:
            rows: a matrix of shape (n, columns), a tensor of shape (n, …), or a dict of one tensor for each input.
        Raises:
            ValueError: onnxruntime rejects the values.
            PredictionError: an output does not have one answer for each row.
        """
        fed = self._fed(rows)
        wanted = {name: self._wanted(name) for name in names}
        computed = self._computed(list(dict.fromkeys(each for many in wanted.values() for each in many)), fed)
        return {name: _answer([(each, computed[each]) for each in many]) for name, many in wanted.items()}

    def _wanted(self, name: str) -> list[str]:
        """Return the names of the graph's tensors that an output consists of."""
        answers = self.graph.answers
        if name == "predict":
            return [answers.label] if answers.label else [tensor.name for tensor in answers.outputs]
        if name == "predict_proba" and answers.scores:
            return [answers.scores]
        return [self._tensors[name]]

    def _fed(self, rows: object) -> dict[str, Array]:
        given = [np.asarray(each) for each in (rows.values() if isinstance(rows, Mapping) else [rows])]
        inputs = self.graph.inputs
        if len(inputs) == 1 and len(given) > 1:
            given = [np.concatenate([each.reshape(len(each), -1) for each in given], axis=1)]
        if len(given) != len(inputs):
            raise TypeError(f"expected a dict of {len(inputs)} arrays, got {type(rows).__name__}")
        return {tensor.name: _fitted(tensor, each) for tensor, each in zip(inputs, given, strict=True)}

    def _computed(self, names: list[str], fed: dict[str, Array]) -> dict[str, Array]:
        """Compute outputs in calls of as many rows as the graph takes, the last filled up with copies of its last."""
        n, size = len(next(iter(fed.values()))), self.graph.rows
        if size is None or size == n:
            return self._called(names, fed, n)
        parts = []
        for start in range(0, n, size):
            rows = np.minimum(np.arange(start, start + size), n - 1)
            parts.append(self._called(names, {name: array[rows] for name, array in fed.items()}, size))
        return {name: np.concatenate([part[name] for part in parts])[:n] for name in names}

    def _called(self, names: list[str], fed: dict[str, Array], n: int) -> dict[str, Array]:
        try:
            found = self.session.run(names, fed)
        except Exception as exc:
            said = said_by_onnxruntime(exc)
            if _UNKNOWN_CATEGORY in said:
                self.graph.categories.require_known(fed)
            elif type(exc).__name__ != "InvalidArgument":
                raise PredictionError(f"the model failed: {said}") from exc
            raise ValueError(said) from exc
        for name, array in zip(names, found, strict=True):
            if not isinstance(array, np.ndarray) or array.shape[:1] != (n,):
                shape = list(getattr(array, "shape", ()))
                raise PredictionError(f"expected {n} answers from the output {name!r}, one for each row, got {shape}")
        return dict(zip(names, found, strict=True))


class OnnxClassifier(OnnxModel):
    """A graph that answers with the probability of each class as well, in the order of `classes_`."""

    def predict_proba(self, rows: object) -> object:
        """Return the probability of each class, shape (n, classes); raise as `answers`."""
        return self.answers(["predict_proba"], rows)["predict_proba"]


def _answer(tensors: Sequence[tuple[str, Array]]) -> object:
    """Return the rows of one tensor, or of several as columns with names."""
    if len(tensors) == 1:
        return tensors[0][1]
    return {name: array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array for name, array in tensors}


def _output(tensor: GraphTensor, taken: Set[str]) -> Output:
    """Describe an output under a name that a setting may have."""
    name = setting_name(tensor.name, taken)
    of_row = tensor.of_row
    is_known = of_row is not None and None not in of_row
    shape = () if tensor.has_one_value_a_row else tuple(each or 0 for each in of_row or ())
    return Output(name, name, "float64" if tensor.dtype in _NUMBERS else None, shape if is_known else None)


def _fitted(tensor: GraphTensor, given: Array) -> Array:
    """Return values in the dtype and the shape that a graph takes.

    Raises:
        ValueError: a value is missing or too large for the dtype.
    """
    values = _in_dtype(tensor, given)
    if tensor.shape is None:
        return values
    of_row = tensor.shape[1:]
    if None not in of_row:
        return values.reshape(len(values), *(each or 1 for each in of_row))
    return values.reshape(len(values), *[1] * len(of_row)) if values.ndim == 1 else values


def _in_dtype(tensor: GraphTensor, given: Array) -> Array:
    if tensor.dtype == TEXT:
        if given.dtype.kind not in "OU" or any(not isinstance(text, str) for text in given.flat):
            raise ValueError(f"expected a text for the input {tensor.name!r}")
        return given.astype(object, copy=False)
    if given.dtype.kind in "OU":  # bools of which some may be missing are objects
        if any(isinstance(value, str) for value in given.flat):
            raise ValueError(f"expected numbers for the input {tensor.name!r}")
        given = given.astype(np.float64)
    dtype = np.dtype(tensor.dtype)
    if dtype.kind != "f" and given.dtype.kind == "f" and bool((given != given).any()):
        raise ValueError(f"expected no missing value of the input {tensor.name!r}, which takes {dtype.name}")
    with np.errstate(over="ignore"):
        values = given.astype(dtype, copy=False)
    if dtype.itemsize < given.dtype.itemsize and dtype.kind == "f" and np.isinf(values.astype(np.float64)).any():
        raise ValueError(f"expected values that fit {dtype.name}, which the input {tensor.name!r} takes")
    return values
