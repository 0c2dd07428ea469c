"""Sample: the columns of a file of training data, as pandas reads them."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from foreseen.domain.errors import TableError

if TYPE_CHECKING:
    import pandas as pd

ROWS: Final = 100_000
"""Maximum rows read of a text file: enough to determine dtypes, and fast."""


@dataclass(frozen=True, slots=True)
class SampledColumn:
    """One column of a sample.

    Attributes:
        dtype: as a sidecar names it; None if a sidecar cannot name it.
        categories: of a category column.
        has_missing: whether a value is missing.
        example: a value that is not missing, as JSON writes it; None if there is none.
    """

    dtype: str | None
    categories: tuple[object, ...]
    has_missing: bool
    example: object


def read_sample(path: Path) -> dict[str, SampledColumn]:
    """Read the columns of a CSV, JSON Lines or Parquet file, by name.

    Raises:
        TableError: it cannot be read as such.
    """
    try:
        frame = _frame(path)
    except FileNotFoundError:
        raise TableError(f"{path}: expected a sample of training data, got no such file") from None
    except Exception as exc:
        said = str(exc).splitlines()[0] if str(exc) else type(exc).__name__
        raise TableError(f"{path}: expected CSV, JSON Lines or Parquet, as its name says: {said}") from exc
    return {str(name): _sampled(frame[name]) for name in frame}


def _frame(path: Path) -> "pd.DataFrame":
    import pandas as pd  # noqa: PLC0415 - for this only

    name = path.name.lower()
    if name.endswith((".parquet", ".pq")):
        return pd.read_parquet(path)
    if ".jsonl" in name or ".ndjson" in name:
        return pd.read_json(path, lines=True, nrows=ROWS)
    return pd.read_csv(path, sep="\t" if ".tsv" in name else ",", nrows=ROWS)


def _sampled(column: "pd.Series") -> SampledColumn:
    present = column.dropna()
    is_category = str(column.dtype) == "category"
    return SampledColumn(
        dtype=_dtype(column, present),
        categories=tuple(column.cat.categories.tolist()) if is_category else (),
        has_missing=len(present) < len(column),
        example=_as_json(present.iloc[0]) if len(present) else None,
    )


def _dtype(column: "pd.Series", present: "pd.Series") -> str | None:
    from foreseen.adapters.predictor.sidecar.declared_dtype import declared_dtype  # noqa: PLC0415 - with the sidecar only

    name = str(column.dtype)
    if name in ("object", "str", "string"):
        return "string" if all(isinstance(value, str) for value in present) else None
    try:
        declared_dtype(name)
    except ValueError:
        return None
    return name


def _as_json(value: object) -> object:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    plain = value.item() if hasattr(value, "item") else value
    return plain if isinstance(plain, str | int | float | bool) else None
