"""The graph of an exported program: its JSON is checked and reduced to what computes, before PyTorch reads it.

PyTorch resolves the target of a node by its name in the module `torch`, where `os.system` can be found as well, and
makes Python code of the names in a graph.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final, cast

from foreseen.adapters.predictor.networks.exported_schema import Argument, Graph, InputSpec, Node, Program
from foreseen.adapters.predictor.networks.exported_text import NAME, require_guard_text, require_shape_text, tree_of
from foreseen.adapters.predictor.networks.rejected_file import RejectedFileError

_ATEN: Final = re.compile(r"torch\.ops\.aten\.(?P<name>[a-zA-Z_]\w*)\.[a-zA-Z_]\w*")
_OF_FILES: Final = frozenset({"from_file", "save"})
_OTHERS: Final = frozenset(
    {
        *(f"_operator.{name}" for name in (
            "add", "and_", "eq", "floordiv", "ge", "getitem", "gt", "le", "lt", "mod", "mul", "ne", "neg", "not_",
            "or_", "pos", "sub", "truediv",
        )),
        *(f"math.{name}" for name in ("ceil", "floor", "sqrt", "trunc")),
        *(f"torch.sym_{name}" for name in ("float", "int", "ite", "max", "min", "not", "sum")),
        "torch.ops.higher_order.cond",
        "torch.ops.higher_order.wrap_with_autocast",
        "torch.ops.higher_order.wrap_with_set_grad_enabled",
    }
)  # fmt: skip
_DROPPED: Final = frozenset({"metadata", "treespec_namedtuple_fields", "torch_version", "opset_version"})
"""What an exported program says of its origin: PyTorch looks up names in it."""

_OWN_KINDS: Final = frozenset({"as_custom_obj", "class_fqn", "custom_obj", "token"})
_FREE: Final = frozenset({"as_string", "as_strings"})
"""Texts that an operator is given, such as the equation of einsum."""

_NAMES: Final = frozenset({"as_name", "name"})
_PATH: Final = re.compile(r"[\w.]*")
_EVALUATION: Final = "try: model.eval() before torch.export.export(model, …)"


def checked_graph(document: object) -> Program:
    """Return an exported program as JSON without what does not compute.

    Raises:
        RejectedFileError: it has anything that is not known to be harmless.
    """
    if not isinstance(document, dict) or not isinstance(document.get("graph_module"), dict):
        raise RejectedFileError("expected the JSON of an exported program")
    checked = cast("Program", _checked(document, ""))  # PyTorch rejects anything else
    checked["opset_version"] = _versions(document.get("opset_version"))
    checked["graph_module"]["metadata"] = {}
    _require_evaluation(checked)
    return checked


def _versions(found: object) -> dict[str, int]:
    """Return the versions of operators; PyTorch compares them with its own."""
    if not isinstance(found, Mapping):
        return {}
    return {name: version for name, version in found.items() if name == "aten" and type(version) is int}


def _checked(found: object, key: str) -> object:
    """Return a part of the document, checked; `key` is what it is called."""
    if key in _OWN_KINDS:
        raise RejectedFileError("expected a graph of tensors, got an object of a class of its own")
    if isinstance(found, dict):
        return {_required_name(name): _checked(part, name) for name, part in found.items() if _is_kept(name)} | (
            {"metadata": {}} if "target" in found else {}
        )
    if isinstance(found, list):
        return [_checked(part, key) for part in found]
    if isinstance(found, str):
        _require_text(found, key)
    return found


def _is_kept(name: object) -> bool:
    return name not in _DROPPED


def _required_name(name: object) -> str:
    if not isinstance(name, str) or not _PATH.fullmatch(name):
        raise RejectedFileError(f"expected a name, got {str(name)[:80]!r}")
    return name


def _require_text(text: str, key: str) -> None:
    """Raise RejectedFileError for a text that has another form than what is called so."""
    if key in _FREE:
        return
    if key in ("target", "as_operator"):
        _require_operator(text)
    elif key == "expr_str":
        require_shape_text(text)
    elif key == "guards_code":
        require_guard_text(text)
    elif key in ("in_spec", "out_spec"):
        tree_of(text)
    elif key == "type":
        _require_cpu(text)
    elif key in _NAMES:
        # The name of an operator's own argument may be empty, which names nothing.
        if text and not NAME.fullmatch(text):
            raise RejectedFileError(f"expected a name, got {text[:80]!r}")
    elif text not in ("Infinity", "-Infinity", "NaN"):
        _required_name(text)


def _require_operator(target: str) -> None:
    found = _ATEN.fullmatch(target)
    if (found and found["name"] not in _OF_FILES) or target in _OTHERS:
        return
    raise RejectedFileError(f"expected operators of PyTorch's own (aten) that compute, got {target[:80]}")


def _require_cpu(device: str) -> None:
    if device != "cpu":
        raise RejectedFileError(
            f'expected a model that was exported on the CPU, got one on {device[:20]!r}; try: model.to("cpu") '
            "before torch.export.export(model, …)"
        )


def _require_evaluation(program: Program) -> None:
    """Raise RejectedFileError for a model that was exported for training: its answers depend on others."""
    signature = program["graph_module"]["signature"]
    own = {name for spec in signature["input_specs"] if (name := _own_tensor(spec)) is not None}
    changed = [kind for spec in signature["output_specs"] for kind in spec if kind.endswith("_mutation")]
    for node in _nodes(program["graph_module"]["graph"]):
        given = {each["name"]: each["arg"] for each in node["inputs"]}
        name = node["target"].split(".")[-2]
        if _is_training(name, given):
            raise RejectedFileError(f"expected a model exported for evaluation, got {name} in training; {_EVALUATION}")
        if name.endswith("_") and "as_tensor" in given.get("self", {}) and given["self"]["as_tensor"]["name"] in own:
            changed.append(node["target"])
    if changed:
        raise RejectedFileError(f"expected a model that no call changes, got {changed[0]}; {_EVALUATION}")


def _own_tensor(spec: InputSpec) -> str | None:
    """Return the name of a weight among the inputs of a graph; None for what is given in each call."""
    found = spec.get("buffer") or spec.get("parameter") or spec.get("tensor_constant")
    return None if found is None else found["arg"]["name"]


def _is_training(name: str, given: Mapping[str, Argument]) -> bool:
    if "dropout" in name:
        return given.get("train") == {"as_bool": True} and given.get("p") != {"as_float": 0.0}
    return "_norm" in name and given.get("training") == {"as_bool": True}


def _nodes(graph: Graph) -> Iterator[Node]:
    """Yield the nodes of a graph, and of the graphs within it."""
    waiting = [graph]
    while waiting:
        for node in waiting.pop()["nodes"]:
            yield node
            waiting += [each["arg"]["as_graph"]["graph"] for each in node["inputs"] if "as_graph" in each["arg"]]
