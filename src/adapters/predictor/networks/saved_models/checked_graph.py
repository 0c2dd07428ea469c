"""The graph of a SavedModel: reduced to what answers and what has to run before, and checked, operator by operator.

TensorFlow runs whatever a graph consists of. Operators read and write files, talk to other machines and call Python.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from foreseen.adapters.predictor.networks.rejected_file import RejectedFileError
from foreseen.adapters.predictor.networks.saved_models.allowed_operators import COMPUTING, PREPARING
from foreseen.adapters.predictor.networks.saved_models.graph_functions import (
    CALLS,
    called_by,
    functions_by_name,
    needed_functions,
    needed_nodes,
    node_of,
    nodes_by_name,
)

if TYPE_CHECKING:
    from tensorflow.core.framework.function_pb2 import FunctionDef
    from tensorflow.core.framework.graph_pb2 import GraphDef
    from tensorflow.core.framework.node_def_pb2 import NodeDef

_PATHS: Final[Mapping[str, int]] = {"InitializeTableFromTextFileV2": 1, "RestoreV2": 0}
"""Operators that read a file, and which of their inputs is its name."""

_WRITES: Final = frozenset({"AssignAddVariableOp", "AssignSubVariableOp", "AssignVariableOp", "LookupTableInsertV2"})
_EXPORT: Final = "try: tf.saved_model.save(model, path, signatures=…) with a function that only computes"


@dataclass(frozen=True, slots=True)
class Preparation:
    """What has to run before a graph can answer.

    Attributes:
        restore: the node that loads the weights; empty if there are none.
        file_name: the tensor that is the name of their file.
        initialise: the nodes that fill tables.
        assets: the tensors that are names of files in the folder `assets`.
    """

    restore: str
    file_name: str
    initialise: tuple[str, ...]
    assets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckedGraph:
    """A graph that only computes, once it is prepared.

    Attributes:
        definition: with nothing but what computes some tensors, and what prepares that.
        file_names: the tensors that name the files it reads. Whatever runs it has to give a name for each: what the
            graph itself has there may be any path.
    """

    definition: "GraphDef"
    file_names: frozenset[str]


def checked_graph(graph: "GraphDef", tensors: Iterable[str], preparation: Preparation) -> CheckedGraph:
    """Return a graph with nothing but what computes some tensors, and what prepares that.

    Raises:
        RejectedFileError: it has anything that is not known to be harmless.
    """
    nodes, functions = nodes_by_name(graph), functions_by_name(graph)
    answering = needed_nodes(nodes, tensors)
    _require_allowed(answering, functions, COMPUTING)
    roots = [name for name in (preparation.restore, *preparation.initialise) if name]
    kept = answering | needed_nodes(nodes, roots)
    inner = _require_allowed(kept, functions, COMPUTING | PREPARING)
    file_names = _own_file_names(kept, inner, preparation)
    reduced = type(graph)()
    reduced.versions.CopyFrom(graph.versions)
    reduced.node.extend(node for name, node in nodes.items() if name in kept)
    reduced.library.function.extend(inner.values())
    for node in [*reduced.node, *(node for function in reduced.library.function for node in function.node_def)]:
        node.device = ""
        node.attr.pop("_class", None)  # which other node it has to be beside, which may not be kept
    return CheckedGraph(reduced, file_names)


def _require_allowed(
    nodes: Mapping[str, "NodeDef"], functions: Mapping[str, "FunctionDef"], allowed: Set[str]
) -> dict[str, "FunctionDef"]:
    """Return the functions that nodes need; raise RejectedFileError for an operator that is not allowed."""
    inner = needed_functions(nodes.values(), functions)
    for node in [*nodes.values(), *(node for function in inner.values() for node in function.node_def)]:
        if node.op in allowed or node.op in inner:
            continue
        if node.op in _WRITES:
            raise RejectedFileError(f"expected a model that no call changes, got {_shown(node)}; {_EXPORT}")
        raise RejectedFileError(f"expected operators of TensorFlow's own that compute, got {_shown(node)}; {_EXPORT}")
    if shadowed := allowed & inner.keys():
        raise RejectedFileError(f"expected functions with names of their own, got {min(shadowed)}")
    return inner


def _shown(node: "NodeDef") -> str:
    """Return an operator and the end of its node's name, which says in which layer it is."""
    return f"{node.op[:80]} of {node.name[-80:]!r}"


def _own_file_names(
    nodes: Mapping[str, "NodeDef"], functions: Mapping[str, "FunctionDef"], preparation: Preparation
) -> frozenset[str]:
    """Have every operator that reads a file read one of the folder, and return the tensors that name these files.

    Such an operator is among the nodes of the graph, or in a function that these call with the name as an argument.

    Raises:
        RejectedFileError: one may read another file.
    """
    given = {
        "RestoreV2": {preparation.file_name} if preparation.restore else set(),
        "InitializeTableFromTextFileV2": set(preparation.assets),
    }
    accepted = {_redirect(node, _PATHS[node.op], given[node.op], nodes) for node in nodes.values() if node.op in _PATHS}
    callers = _callers(nodes.values(), functions)
    nested = _callers((node for function in functions.values() for node in function.node_def), functions)
    for function in functions.values():
        name = function.signature.name
        for node in function.node_def:
            if node.op not in _PATHS:
                continue
            place = _argument(function, node)
            if name in nested or any(caller.op not in {*CALLS, name} for caller in callers[name]):
                raise _other_file(node)
            accepted |= {_redirect(caller, place, given[node.op], nodes) for caller in callers[name]}
    return frozenset(accepted)


def _callers(nodes: Iterable["NodeDef"], functions: Mapping[str, "FunctionDef"]) -> Mapping[str, list["NodeDef"]]:
    """Return which of some nodes refer to each function that one of them refers to."""
    callers: defaultdict[str, list[NodeDef]] = defaultdict(list)
    for node in nodes:
        for name in called_by(node, functions):
            callers[name].append(node)
    return callers


def _argument(function: "FunctionDef", node: "NodeDef") -> int:
    """Return which argument of a function is the name of the file that a node reads; raise if none is."""
    arguments = list(function.signature.input_arg)
    names = [each.name for each in arguments]
    name = _input(node, _PATHS[node.op])
    # An argument that is several inputs would move the others to other places.
    if name not in names or any(each.number_attr or each.type_list_attr for each in arguments):
        raise _other_file(node)
    return names.index(name)


def _redirect(node: "NodeDef", place: int, given: Set[str], nodes: Mapping[str, "NodeDef"]) -> str:
    """Have a node take the name of a file from where it is given, and return the tensor that is given there.

    Names of assets come by way of a variable, which others could change as well.

    Raises:
        RejectedFileError: it takes another name.
    """
    known = {each.removesuffix(":0"): each for each in given}
    name = _input(node, place)
    reader = nodes.get(name)
    if name not in known and reader is not None and reader.op == "ReadVariableOp":
        variable = _input(reader, 0)
        assigned = [
            _input(each, 1) for each in nodes.values() if each.op == "AssignVariableOp" and _input(each, 0) == variable
        ]
        name = assigned[0] if len(assigned) == 1 else name
    if name not in known:
        raise _other_file(node)
    node.input[place] = name
    return known[name]


def _input(node: "NodeDef", place: int) -> str:
    """Return an input of a node as the graph refers to it; raise RejectedFileError if it has fewer."""
    if place >= len(node.input) or node.input[place].startswith("^"):
        raise RejectedFileError(f"expected {place + 1} inputs of {node_of(node.name)[:80]!r}, got fewer")
    return str(node.input[place]).removesuffix(":0")


def _other_file(node: "NodeDef") -> RejectedFileError:
    return RejectedFileError(
        f"expected a graph that reads only the files of its folder, got another one in {node.name[:80]!r} ({node.op}); "
        "try: save the model with its vocabularies as assets"
    )
