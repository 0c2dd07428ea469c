"""Graph input: the features of an ONNX graph, from its declared inputs and what the operator says of open lengths."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from foreseen.adapters.predictor.onnx.graph_tensors import GraphTensor
from foreseen.adapters.predictor.sidecar.known_input import KnownInput
from foreseen.domain.values.instance_size import require_few_columns, require_few_values

if TYPE_CHECKING:
    from foreseen.adapters.predictor.sidecar.sidecar import FeatureTable


def known_input(
    inputs: Sequence[GraphTensor],
    *,
    names: Sequence[str] | None,
    declared: Sequence["FeatureTable"],
    given: KnownInput | None = None,
) -> KnownInput:
    """Return what a graph takes: a matrix of one feature per column, or a tensor for each input.

    Args:
        names: of the features, from the operator.
        declared: features in a sidecar, which have the lengths that the file leaves open.
        given: what the folder around the file says of its features; their names are used where they fit.
    Raises:
        ValueError: the file leaves a length open that nothing else says, a declared shape is not that of the file, or
            an instance has very many values.
    """
    is_matrix = len(inputs) == 1 and _is_matrix(inputs[0])
    given_features = given.features if given else ()
    if is_matrix:
        size = _columns(inputs[0], names, declared or given_features)
        require_few_columns(size)
        known = KnownInput(_of_columns(inputs[0], size), "array")
    else:
        tables = _by_input(inputs, declared) or _by_input(inputs, given_features)
        known = KnownInput(tuple(_of_tensor(each, tables.get(each.name)) for each in inputs), "tensors")
        require_few_values(sum(table.size for table in known.features))
        _require_shapes(known, declared)
    return _with_names(known, given_features)


def shapes_of_rows(inputs: Sequence[GraphTensor], known: KnownInput) -> list[list[int]]:
    """Return the shape of one row of each input, as it is fed to the graph."""
    if known.takes == "array":
        return [[len(known.own_names)]]
    return [
        [length or 1 for length in tensor.of_row] if tensor.of_row and tensor.has_one_value_a_row else table.shape
        for tensor, table in zip(inputs, known.features, strict=True)
    ]


def _is_matrix(tensor: GraphTensor) -> bool:
    return tensor.shape is not None and len(tensor.shape) == 2


def _columns(tensor: GraphTensor, names: Sequence[str] | None, declared: Sequence["FeatureTable"]) -> int:
    """Return how many columns a matrix has."""
    count = (tensor.shape or (None, None))[1] or (len(names) if names else sum(table.size for table in declared))
    if not count:
        raise ValueError(
            f"input {tensor.name!r}: expected its number of columns, which the file leaves open; name its features by "
            "--features or in a sidecar"
        )
    return count


def _of_columns(tensor: GraphTensor, size: int) -> tuple["FeatureTable", ...]:
    from foreseen.adapters.predictor.sidecar.sidecar import FeatureTable  # noqa: PLC0415 - with pydantic, which few models need

    names = [tensor.name] if size == 1 else [f"x{place}" for place in range(size)]
    return tuple(FeatureTable(name=name, dtype=tensor.sent_as) for name in names)


def _by_input(inputs: Sequence[GraphTensor], tables: Sequence["FeatureTable"]) -> dict[str, "FeatureTable"]:
    """Return the table of each input, by the input's name: they are named alike, or in the same order."""
    by_name = {table.name: table for table in tables}
    own = [tensor.name for tensor in inputs]
    if by_name.keys() <= set(own):
        return by_name
    return dict(zip(own, tables, strict=True)) if len(tables) == len(own) else {}


def _of_tensor(tensor: GraphTensor, table: "FeatureTable | None") -> "FeatureTable":
    from foreseen.adapters.predictor.sidecar.sidecar import FeatureTable  # noqa: PLC0415 - as above

    return FeatureTable(name=tensor.name, dtype=tensor.sent_as, shape=_shape(tensor, table.shape if table else []))


def _shape(tensor: GraphTensor, declared: Sequence[int]) -> list[int]:
    """Return the shape of a feature: [] for a single value, whatever the dimensions of length 1 around it."""
    of_row = tensor.of_row
    if tensor.has_one_value_a_row:
        return []
    if of_row is not None and None not in of_row:
        return [length for length in of_row if length is not None]
    if not declared:
        left_open = "leaves its shape open" if of_row is None else f"leaves lengths of its shape {tensor} open"
        raise ValueError(
            f"input {tensor.name!r}: expected the shape of one row, since the file {left_open}; declare it in the "
            f'sidecar: [[features]] name = "{tensor.name}", shape = […]'
        )
    fits = of_row is None or (
        len(of_row) == len(declared)
        and all(known in (None, length) for known, length in zip(of_row, declared, strict=True))
    )
    if not fits:
        raise ValueError(f"input {tensor.name!r}: expected a shape of {tensor} without the rows, got {list(declared)}")
    return list(declared)


def _require_shapes(known: KnownInput, declared: Sequence["FeatureTable"]) -> None:
    """Reject declared shapes with other lengths than those of the file: values would land in other places."""
    for own, table in zip(known.features, known.declared(declared), strict=False):
        if table.shape != own.shape and table.size != math.prod(own.shape):
            continue  # another number of values, which is rejected with all features
        if table.shape != own.shape:
            raise ValueError(f"feature {table.name!r}: expected the shape {own.shape} of the file, got {table.shape}")


def _with_names(known: KnownInput, given: Sequence["FeatureTable"]) -> KnownInput:
    """Return the features with the names and missing values that the folder around a file declares for them."""
    if [table.size for table in given] != [table.size for table in known.features]:
        return known
    described = ({"name": table.name, "missing": table.missing} for table in given)
    renamed = (own.model_copy(update=update) for own, update in zip(known.features, described, strict=True))
    return KnownInput(tuple(renamed), known.takes)
