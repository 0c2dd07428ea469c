"""A SavedModel of TensorFlow as a model that is called with arrays: its checked graph in a session of its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

import numpy as np

from foreseen.adapters.predictor.networks.rejected_file import RejectedFileError
from foreseen.adapters.predictor.networks.saved_models.checked_graph import CheckedGraph, Preparation, checked_graph
from foreseen.adapters.predictor.networks.saved_models.prepared_session import prepared_session
from foreseen.adapters.predictor.networks.saved_models.signature_tensors import (
    SignatureTensor,
    fixed_rows,
    input_tensors,
    output_tensors,
    serving_signature,
)
from foreseen.adapters.predictor.networks.saved_models.tensorflow_process import tensorflow_kernels
from foreseen.adapters.predictor.networks.tensor_model import Array, TensorInput, TensorModel
from foreseen.domain.errors import PredictionError

if TYPE_CHECKING:
    from tensorflow.compat.v1 import Session
    from tensorflow.core.protobuf.meta_graph_pb2 import MetaGraphDef

_TAG: Final = "serve"
_INITIALISE: Final = "__saved_model_init_op"
_OLD_INITIALISE: Final = ("saved_model_main_op", "legacy_init_op")
WEIGHTS: Final = "variables/variables"


@dataclass(frozen=True, slots=True)
class SavedFolder:
    """The folder of a SavedModel, whose files were checked.

    Attributes:
        path: of the folder.
        names: of its files, relative to it.
    """

    path: Path
    names: frozenset[str]


def saved_model(
    tensorflow: ModuleType, content: bytes, folder: SavedFolder, *, threads: int, declared: Mapping[str, Sequence[int]]
) -> TensorModel:
    """Parse, check and load a model.

    Args:
        tensorflow: the library.
        content: of its file saved_model.pb.
        folder: in which its weights and vocabularies are.
        threads: how many compute an operator.
        declared: shapes of rows that the sidecar declares, by name.
    Raises:
        RejectedFileError: it has anything that is not known to be harmless, or inputs that cannot be served.
        Exception: TensorFlow cannot load it.
    """
    found = _served_graph(content)
    signature = serving_signature(found)
    inputs, outputs = input_tensors(signature, declared), output_tensors(signature)
    preparation = _preparation(found)
    tensors = [*(each.tensor for each in inputs), *outputs.values()]
    graph = checked_graph(found.graph_def, tensors, preparation)
    session = prepared_session(
        tensorflow, graph.definition, threads, preparation, _given(found, preparation, graph, folder)
    )
    call = _SessionCall(tensorflow, session, inputs, outputs)
    given = [TensorInput(each.name, each.dtype, _of_row(each), each.type) for each in inputs]
    return TensorModel(call, given, rows=fixed_rows(inputs), depends_on=tensorflow_kernels(), outputs=tuple(outputs))


def _served_graph(content: bytes) -> "MetaGraphDef":
    messages = import_module("tensorflow.core.protobuf.saved_model_pb2")
    graphs = messages.SavedModel.FromString(content).meta_graphs
    served = [graph for graph in graphs if _TAG in graph.meta_info_def.tags]
    if not served:
        got = ", ".join(sorted({tag for graph in graphs for tag in graph.meta_info_def.tags}))[:80] or "none"
        raise RejectedFileError(f"expected a graph with the tag {_TAG}, got {got}")
    return min(served, key=lambda graph: len(graph.meta_info_def.tags))  # one more may be for TPU


def _preparation(found: "MetaGraphDef") -> Preparation:
    by_signature = found.signature_def[_INITIALISE].outputs if _INITIALISE in found.signature_def else {}
    initialise = [info.name for info in by_signature.values()]
    for name in _OLD_INITIALISE:
        if not initialise and name in found.collection_def:
            initialise = list(found.collection_def[name].node_list.value)
    return Preparation(
        restore=found.saver_def.restore_op_name,
        file_name=found.saver_def.filename_tensor_name,
        initialise=tuple(name.partition(":")[0] for name in initialise),
        assets=tuple(each.tensor_info.name for each in found.asset_file_def),
    )


def _given(found: "MetaGraphDef", preparation: Preparation, graph: CheckedGraph, folder: SavedFolder) -> dict[str, str]:
    """Return the names of the files that the graph reads, by the tensor that each is given as.

    Raises:
        RejectedFileError: one is not in the folder.
    """
    places = {each.tensor_info.name: f"assets/{each.filename}" for each in found.asset_file_def}
    if preparation.restore:
        places[preparation.file_name] = WEIGHTS
    given = {}
    for tensor in graph.file_names:
        place = places.get(tensor, "")
        name = f"{WEIGHTS}.index" if place == WEIGHTS else place
        if name not in folder.names:
            raise RejectedFileError(
                f"expected the file {name[:80]!r} in its folder, got no such file; copy the whole folder"
            )
        given[tensor] = str(folder.path.resolve() / place)
    return given


def _of_row(found: SignatureTensor) -> tuple[int, ...]:
    """Return the shape of a row; () for a single value, so that it can be the column of a table."""
    shape = tuple(length for length in found.shape[1:] if length is not None)
    return () if shape == (1,) else shape


class _SessionCall:
    """Calls a graph with one array per input."""

    def __init__(
        self,
        tensorflow: ModuleType,
        session: "Session",
        inputs: Sequence[SignatureTensor],
        outputs: Mapping[str, str],
    ) -> None:
        self._tensorflow = tensorflow
        self._inputs = inputs
        self._dtypes = [tensorflow.dtypes.as_dtype(each.type).as_numpy_dtype for each in inputs]
        self._outputs = tuple(outputs)
        tensor = session.graph.get_tensor_by_name
        self._call: Callable[..., Sequence[object]] = session.make_callable(
            [tensor(name) for name in outputs.values()], feed_list=[tensor(each.tensor) for each in inputs]
        )

    def __call__(self, arrays: Sequence[Array]) -> object:
        given = [
            np.asarray(array, dtype=dtype).reshape(len(array), *(each.shape[1:]))
            for array, dtype, each in zip(arrays, self._dtypes, self._inputs, strict=True)
        ]
        try:
            found = self._call(*given)
        except self._tensorflow.errors.InvalidArgumentError as exc:
            raise ValueError(_said(str(exc.message))) from exc
        return {name: _array(name, np.asarray(each)) for name, each in zip(self._outputs, found, strict=True)}


def _said(message: str) -> str:
    """Return what an operator says: the line before the places in the graph; before it may be those in Python code."""
    lines = message.partition("\n\t [[")[0].splitlines()
    return lines[-1] if lines else message


def _array(name: str, found: Array) -> Array:
    """Return an output with Python's texts, and with bfloat16, which numpy lacks, as float32."""
    if found.dtype.name == "bfloat16":
        return found.astype(np.float32)
    if found.dtype != object:
        return found
    try:
        texts = [value.decode() if isinstance(value, bytes) else value for value in found.flat]
    except UnicodeDecodeError:
        raise PredictionError(f"expected texts in UTF-8 from the output {name}") from None
    made = np.empty(found.size, dtype=object)
    made[:] = texts
    return made.reshape(found.shape)
