"""Limits of how many elements and values a body may have, from what its instances have."""

from typing import Final

from foreseen.domain.values.signature import Signature

SPARE_VALUES: Final = 1000
"""Values of a request beyond those that can be valid, so that errors in a small request are reported in detail."""
EXTRA_VALUES: Final = 100
"""Values in unknown fields allowed per instance, if these are accepted; more fit into requests of fewer instances."""


VALUES_BESIDE_DATA: Final = 16
"""Values of a tensor in a body beside its data: its name, shape, datatype and parameters."""


def list_limits(signature: Signature, max_rows: int) -> tuple[int, int]:
    """Return how many elements a list in a body may have, and how many values the body may have."""
    # A tensor may be longer than the list of instances may be; until the body is parsed, the two look alike.
    longest = sum(feature.shape[0] for feature in signature.features if feature.shape)
    max_elements = max(max_rows, longest)
    return max_elements, max_elements * (signature.size + _extra_values(signature)) + SPARE_VALUES


def table_limits(signature: Signature, max_rows: int) -> tuple[int, int]:
    """Return the same for a body that may have its instances in an object, beside the names of columns."""
    # The list of columns and that of rows look alike, too.
    max_elements = max(max_rows, len(signature.features) + _extra_values(signature))
    # One more for each row, which may have a number.
    return max_elements, max_elements * (signature.size + _extra_values(signature) + 1) + SPARE_VALUES


def csv_limits(signature: Signature, max_rows: int) -> tuple[int, int]:
    """Return how many rows a CSV body may have besides its head, and how many cells; a tensor is in one cell."""
    return max_rows, (max_rows + 1) * (len(signature.features) + _extra_values(signature)) + SPARE_VALUES


def tensor_limits(signature: Signature, max_rows: int) -> tuple[int, int]:
    """Return how many tensors a body may have, and how many values, with those that describe its tensors."""
    tensors = len(signature.features) + _extra_values(signature) + SPARE_VALUES
    return tensors, max_rows * (signature.size + _extra_values(signature)) + tensors * VALUES_BESIDE_DATA


def _extra_values(signature: Signature) -> int:
    return EXTRA_VALUES if signature.extra_fields == "ignore" else len(signature.ignored)
