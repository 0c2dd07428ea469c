"""Whether a typed column may hold the values of a feature, checked before any of its rows."""

import pyarrow as pa

from foreseen.adapters.tabular.columns.arrow_columns import expected_type, fits, likely_dtype
from foreseen.domain.errors import TableError
from foreseen.domain.values.feature_values import guess_hint
from foreseen.domain.values.signature import Feature


def check_type(feature: Feature, kind: pa.DataType, *, name: str) -> None:
    """Check that a column of this type may hold values of a feature; `name` is that of its table in errors.

    Raises:
        TableError: no value of the column can be one of the feature.
    """
    if fits(feature, kind):
        return
    expected = f"expected column {feature.name!r} to hold {expected_type(feature)}"
    hint = f"; {guess_hint(feature, likely_dtype(kind))}" if feature.is_guess else ""
    raise TableError(f"{name}: {expected} ({feature.dtype}), got {kind}{hint}")
