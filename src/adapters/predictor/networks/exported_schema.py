"""The JSON of an exported program, as far as it is read here.

Source:
    torch/_export/serde/schema.py
"""

from typing import TypedDict


class Named(TypedDict):
    """What has a name: a tensor."""

    name: str


class Expression(TypedDict):
    """A size that is not fixed."""

    expr_str: str


class Size(TypedDict, total=False):
    """One length of a tensor: fixed, or an expression."""

    as_int: int
    as_expr: Expression


class Device(TypedDict):
    """Where a tensor is."""

    type: str


class TensorMeta(TypedDict):
    """What is known of a tensor."""

    dtype: int
    sizes: list[Size]
    strides: list[Size]
    device: Device


class InnerGraph(TypedDict):
    """A graph that an operator is given."""

    graph: "Graph"


class Argument(TypedDict, total=False):
    """What an operator is given, by the one key that it has."""

    as_tensor: Named
    as_bool: bool
    as_float: float
    as_graph: InnerGraph


class NamedArgument(TypedDict):
    """An argument of an operator."""

    name: str
    arg: Argument


class Node(TypedDict):
    """A call of an operator."""

    target: str
    inputs: list[NamedArgument]


class Graph(TypedDict):
    """Calls of operators, in order."""

    nodes: list[Node]
    tensor_values: dict[str, TensorMeta]


class UserInput(TypedDict):
    """An input that is given in each call."""

    arg: Argument


class OwnTensor(TypedDict):
    """An input that is a tensor of the program: a weight."""

    arg: Named


class InputSpec(TypedDict, total=False):
    """One input, by the one key that it has."""

    user_input: UserInput
    constant_input: Named
    parameter: OwnTensor
    buffer: OwnTensor
    tensor_constant: OwnTensor


class Signature(TypedDict):
    """Inputs and outputs of the graph."""

    input_specs: list[InputSpec]
    output_specs: list[dict[str, object]]


class CallSignature(TypedDict):
    """How a module is called: trees of containers as text."""

    in_spec: str


class ModuleCall(TypedDict):
    """A module, the whole one under the name ""."""

    fqn: str
    signature: CallSignature | None


class GraphModule(TypedDict):
    """A graph and what surrounds it."""

    graph: Graph
    signature: Signature
    module_call_graph: list[ModuleCall]
    metadata: dict[str, str]


class Range(TypedDict):
    """The least and the greatest value of a size."""

    min_val: int | None
    max_val: int | None


class Program(TypedDict):
    """An exported program."""

    graph_module: GraphModule
    range_constraints: dict[str, Range]
    opset_version: dict[str, int]


class Payload(TypedDict):
    """The file of a weight or a constant."""

    path_name: str
    use_pickle: bool
    tensor_meta: TensorMeta


class Payloads(TypedDict):
    """The files of all weights, or of all constants, by their names in the program."""

    config: dict[str, Payload]
