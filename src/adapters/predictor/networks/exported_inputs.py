"""The inputs of an exported program: names, dtypes, shapes, and how many rows a call may have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from foreseen.adapters.predictor.networks.exported_schema import InputSpec, ModuleCall, Program, Range, Size, TensorMeta
from foreseen.adapters.predictor.networks.exported_text import tree_of
from foreseen.adapters.predictor.networks.rejected_file import RejectedFileError
from foreseen.domain.values.signature import DType

_DTYPES: Final[Mapping[int, tuple[str, DType]]] = {
    1: ("uint8", "uint8"),
    2: ("int8", "int8"),
    3: ("int16", "int16"),
    4: ("int32", "int32"),
    5: ("int64", "int64"),
    6: ("float16", "float32"),
    7: ("float32", "float32"),
    8: ("float64", "float64"),
    12: ("bool", "bool"),
    13: ("bfloat16", "float32"),
    28: ("uint16", "uint16"),
    34: ("uint32", "uint32"),
    35: ("uint64", "uint64"),
}
"""The name in `torch` of each dtype by its number, and the dtype of what clients send for it.

Source:
    torch/_export/serde/schema.py, ScalarType
"""

_ENOUGH_ROWS: Final = 32
"""A call of fewer rows than these is made with exactly as many as the program takes at most."""


@dataclass(frozen=True, slots=True)
class ExportedInput:
    """One input.

    Attributes:
        own_dtype: its name in `torch`.
        dtype: of what clients send.
        shape: of one row.
    """

    name: str
    own_dtype: str
    dtype: DType
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ExportedInputs:
    """What an exported program is called with.

    Attributes:
        inputs: in the order of the leaves of `args` and `kwargs`.
        args, kwargs: lists and dicts around the inputs, with None in place of each.
        rows: of each call; None if it takes any number.
    """

    inputs: Sequence[ExportedInput]
    args: Sequence[object]
    kwargs: Mapping[str, object]
    rows: int | None


def exported_inputs(program: Program) -> ExportedInputs:
    """Return the inputs of a checked program.

    Raises:
        RejectedFileError: they are not tensors of which each has the rows in its first dimension, and a known size in
            the others.
    """
    module = program["graph_module"]
    specs = [spec for spec in module["signature"]["input_specs"] if spec.keys() & {"user_input", "constant_input"}]
    metas = [_meta(spec, module["graph"]["tensor_values"]) for spec in specs]
    if not metas:
        raise RejectedFileError("expected a model with at least one tensor as its input, got none")
    inputs = [_input(name, meta) for name, meta in metas]
    firsts = {_first(name, meta["sizes"]) for name, meta in metas}
    if len(firsts) > 1:
        raise RejectedFileError(f"expected as many rows in each input, got {' and '.join(sorted(map(str, firsts)))}")
    args, kwargs = _structure(module["module_call_graph"])
    return ExportedInputs(inputs, args, kwargs, _rows(firsts.pop(), program.get("range_constraints", {})))


def _meta(spec: InputSpec, metas: Mapping[str, TensorMeta]) -> tuple[str, TensorMeta]:
    if "constant_input" in spec:
        raise RejectedFileError(
            f"expected tensors as inputs, got the constant {spec['constant_input']['name']!r}; "
            "try: set it in the model before torch.export.export(model, …)"
        )
    arg = spec["user_input"]["arg"]
    if "as_tensor" not in arg:
        raise RejectedFileError(f"expected tensors as inputs, got one of {min(arg).removeprefix('as_')}")
    name = arg["as_tensor"]["name"]
    return name, metas[name]


def _input(name: str, meta: TensorMeta) -> ExportedInput:
    if meta["dtype"] not in _DTYPES:
        raise RejectedFileError(f"expected real numbers or bools in the input {name!r}, got dtype {meta['dtype']}")
    lengths = [size.get("as_int") for size in meta["sizes"][1:]]
    if None in lengths:
        raise RejectedFileError(
            f"expected the input {name!r} to have one size, apart from the number of rows; "
            "try: torch.export.export(model, …) with only its first dimension dynamic"
        )
    return ExportedInput(name, *_DTYPES[meta["dtype"]], tuple(int(length) for length in lengths if length is not None))


def _first(name: str, sizes: Sequence[Size]) -> str | int:
    """Return the number of rows, or the name of a number that is not fixed."""
    first: Size = sizes[0] if sizes else {}
    if "as_int" in first:
        return int(first["as_int"])
    text = first["as_expr"]["expr_str"] if "as_expr" in first else ""
    if text.startswith("Symbol('") or text.isalnum():
        return text.removeprefix("Symbol('").partition("'")[0]
    expected = f"expected the first dimension of the input {name!r} to be the number of rows"
    raise RejectedFileError(f"{expected}, got {text or 'none'}")


def _rows(first: str | int, ranges: Mapping[str, Range]) -> int | None:
    if isinstance(first, int):
        return first
    found = ranges.get(first, {"min_val": None, "max_val": None})
    least, most = found["min_val"], found["max_val"]
    if most is not None and most < _ENOUGH_ROWS:
        return int(most)
    return int(least) if least is not None and least > _ENOUGH_ROWS else None


def _structure(calls: Sequence[ModuleCall]) -> tuple[Sequence[object], Mapping[str, object]]:
    """Return the arguments of the whole module; raise RejectedFileError if they are not given by place and by name."""
    whole = next((call["signature"] for call in calls if not call["fqn"]), None)
    tree = tree_of(whole["in_spec"]) if whole else None
    if not isinstance(tree, list) or len(tree) != 2 or not isinstance(tree[0], list) or not isinstance(tree[1], dict):
        raise RejectedFileError("expected a model that is called with arguments")
    return tree[0], tree[1]
