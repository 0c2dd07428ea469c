"""Graph functions: which functions of its library the nodes of a SavedModel's graph call, and from where."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final, TypeVar

from foreseen.adapters.predictor.networks.rejected_file import RejectedFileError

if TYPE_CHECKING:
    from tensorflow.core.framework.attr_value_pb2 import AttrValue, NameAttrList
    from tensorflow.core.framework.function_pb2 import FunctionDef
    from tensorflow.core.framework.graph_pb2 import GraphDef
    from tensorflow.core.framework.node_def_pb2 import NodeDef

_Part = TypeVar("_Part")

CALLS: Final = frozenset({"PartitionedCall", "StatefulPartitionedCall"})
"""Operators that pass their inputs on to a function as they are."""


def nodes_by_name(graph: "GraphDef") -> Mapping[str, "NodeDef"]:
    """Return the nodes of a graph; raise RejectedFileError if two have the same name."""
    nodes = {node.name: node for node in graph.node}
    if len(nodes) != len(graph.node):
        raise RejectedFileError("expected a graph whose nodes have different names")
    return nodes


def functions_by_name(graph: "GraphDef") -> Mapping[str, "FunctionDef"]:
    """Return the functions in the library of a graph; raise RejectedFileError if two have the same name."""
    functions = {function.signature.name: function for function in graph.library.function}
    if len(functions) != len(graph.library.function):
        raise RejectedFileError("expected a graph whose functions have different names")
    return functions


def node_of(name: str) -> str:
    """Return the name of the node that a tensor or a control input comes from."""
    return name.removeprefix("^").partition(":")[0]


def needed_nodes(nodes: Mapping[str, "NodeDef"], names: Iterable[str]) -> dict[str, "NodeDef"]:
    """Return the nodes that some depend on, and these themselves; raise RejectedFileError if one does not exist.

    Args:
        names: of tensors, control inputs or nodes.
    """
    missing = "expected the node {} in the graph, got no such node"
    return _reachable(map(node_of, names), nodes, lambda node: map(node_of, node.input), missing)


def called_by(node: "NodeDef", functions: Mapping[str, "FunctionDef"]) -> set[str]:
    """Return the names of the functions that a node refers to, whether or not they exist."""
    named = {name for attr in node.attr.values() for name in _named(attr)}
    return named | ({node.op} if node.op in functions else set())


def needed_functions(nodes: Iterable["NodeDef"], functions: Mapping[str, "FunctionDef"]) -> dict[str, "FunctionDef"]:
    """Return the functions that nodes call, also by way of others; raise RejectedFileError if one does not exist."""

    def called(nodes: Iterable["NodeDef"]) -> Iterator[str]:
        return (name for node in nodes for name in called_by(node, functions))

    missing = "expected the function {} in the graph's library, got no such function"
    return _reachable(called(nodes), functions, lambda function: called(function.node_def), missing)


def _reachable(
    names: Iterable[str], known: Mapping[str, _Part], leads_to: Callable[[_Part], Iterable[str]], missing: str
) -> dict[str, _Part]:
    """Return the parts with some names and those that they lead to; raise RejectedFileError if one does not exist.

    Args:
        missing: what the error says, with {} for the name.
    """
    found: dict[str, _Part] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        if name not in known:
            raise RejectedFileError(missing.format(repr(name[:80])))
        found[name] = known[name]
        waiting += leads_to(known[name])
    return found


def _named(attr: "AttrValue") -> Iterator[str]:
    """Yield the names of the functions in an attribute, and in the attributes of these."""
    waiting: list[NameAttrList] = [*([attr.func] if attr.HasField("func") else []), *attr.list.func]
    while waiting:
        named = waiting.pop()
        yield named.name
        for inner in named.attr.values():
            waiting += [*([inner.func] if inner.HasField("func") else []), *inner.list.func]
