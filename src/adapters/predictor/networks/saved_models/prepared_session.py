"""A session that computes the graph of a SavedModel, with its weights loaded and its tables filled."""

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

from foreseen.adapters.predictor.networks.rejected_file import RejectedFileError
from foreseen.adapters.predictor.networks.saved_models.checked_graph import Preparation
from foreseen.adapters.predictor.networks.saved_models.tensorflow_process import new_session

if TYPE_CHECKING:
    from tensorflow.compat.v1 import Session
    from tensorflow.core.framework.graph_pb2 import GraphDef


def prepared_session(
    tensorflow: ModuleType, graph: "GraphDef", threads: int, preparation: Preparation, files: Mapping[str, str]
) -> "Session":
    """Return a session that computes a graph, with its weights loaded and its tables filled.

    Args:
        threads: how many compute an operator.
        files: names of the files to read, by the tensor that each is given as.
    Raises:
        RejectedFileError: a variable has no weights.
        Exception: TensorFlow cannot load it.
    """
    made = tensorflow.Graph()
    with made.as_default():
        tensorflow.compat.v1.import_graph_def(graph, name="")
    session = new_session(tensorflow, made, threads)
    for operation in (preparation.restore, *preparation.initialise):
        if operation:
            session.run(made.get_operation_by_name(operation), feed_dict=dict(files))
    _require_weights(tensorflow, session, [node.name for node in graph.node if node.op == "VarHandleOp"])
    return session


def _require_weights(tensorflow: ModuleType, session: "Session", variables: Sequence[str]) -> None:
    """Raise RejectedFileError if a variable of the graph was given no value, as where Keras' models are not exported.

    Args:
        variables: names of their nodes.
    """
    graph = session.graph
    with graph.as_default():
        known = [
            tensorflow.raw_ops.VarIsInitializedOp(resource=graph.get_tensor_by_name(f"{name}:0")) for name in variables
        ]
    empty = [name for name, is_known in zip(variables, session.run(known), strict=True) if not is_known]
    if empty:
        raise RejectedFileError(
            f"expected weights in the file for {len(variables)} variables of the graph, got none for {len(empty)}: "
            f"{empty[0][:80]!r}, …; try: model.export(path) of Keras, instead of tf.saved_model.save"
        )
