"""Cut graph: the part of an ONNX graph that computes what some of its nodes read."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx


def model_up_to(model: "onnx.ModelProto", nodes: Sequence["onnx.NodeProto"]) -> "onnx.ModelProto":
    """Return a model whose outputs are what these nodes read first, with nothing that does not compute that."""
    from onnx import ModelProto, NodeProto, ValueInfoProto  # noqa: PLC0415 - imported by now

    read = [node.input[0] for node in nodes]
    before = _nodes_before(model.graph, read)
    needed = {*read, *(name for node in before for name in _read_by(node))}
    cut = ModelProto()
    cut.CopyFrom(model)
    del cut.graph.node[:], cut.graph.output[:], cut.graph.initializer[:]
    cut.graph.node.extend(before)
    cut.graph.initializer.extend(each for each in model.graph.initializer if each.name in needed)
    for place, name in enumerate(read):  # an input of the graph cannot be its output as well
        output = f"{name}, read by node {place}"
        cut.graph.node.append(NodeProto(op_type="Identity", input=[name], output=[output]))
        cut.graph.output.append(ValueInfoProto(name=output))
    return cut


def _nodes_before(graph: "onnx.GraphProto", names: Sequence[str]) -> list["onnx.NodeProto"]:
    """Return the nodes that compute these tensors, in the graph's order, which is that of the computation."""
    needed, found = set(names), []
    for node in reversed(graph.node):
        if needed & set(node.output):
            needed |= set(_read_by(node))
            found.append(node)
    return found[::-1]


def _read_by(node: "onnx.NodeProto") -> Iterator[str]:
    """Yield what a node reads, and the graphs in it, which may read any tensor before it."""
    yield from node.input
    for attribute in node.attribute:
        for graph in [*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])]:
            for inner in graph.node:
                yield from _read_by(inner)
