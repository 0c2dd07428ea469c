"""Which columns of a Parquet file are compressed, by its first rows."""

import datetime as dt
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pytest

from foreseen.adapters.tabular.one_ahead import one_ahead
from foreseen.adapters.tabular.parquet_compression import Codec, with_compression

RANDOM = np.random.default_rng(1)
ROWS = 3_000
TABLE = pa.table(
    {
        "measured": RANDOM.normal(size=ROWS),
        "float32": RANDOM.normal(size=ROWS).astype("f4"),
        "gaps": pa.array(RANDOM.normal(size=ROWS), mask=RANDOM.random(ROWS) < 0.5),
        "rounded": RANDOM.normal(size=ROWS).round(2),
        "number": np.arange(ROWS),
        "digest": RANDOM.integers(0, 2**63, size=ROWS),
        "flag": RANDOM.random(ROWS) < 0.5,
        "day": pa.array([dt.date(2024, 1, 1)] * ROWS),
        "text": [f"text {row}" for row in range(ROWS)],
    }
)
NOT_SMALLER = {"measured", "float32", "gaps", "digest"}


def codecs(table: pa.Table, dictionary: Sequence[str] = ()) -> dict[str, Codec]:
    found = with_compression(table, dictionary)
    assert isinstance(found, dict)
    return found


def test_numbers_that_do_not_shrink_are_written_as_they_are() -> None:
    assert {name for name, codec in codecs(TABLE, ["text"]).items() if codec == "none"} == NOT_SMALLER


def test_columns_with_dictionaries_are_compressed() -> None:
    assert codecs(TABLE, ["measured"])["measured"] == "zstd"
    assert with_compression(TABLE, True) == "zstd"


@pytest.mark.parametrize("cut", [0, 1, 100])
def test_the_codecs_do_not_depend_on_how_rows_came(cut: int) -> None:
    parts = pa.concat_tables([TABLE.slice(0, cut), TABLE.slice(cut)])

    assert codecs(parts) == codecs(TABLE)


def test_a_table_without_rows_has_codecs() -> None:
    assert set(codecs(TABLE.slice(0, 0))) == set(TABLE.column_names)


def test_what_is_made_ahead_comes_in_order_and_raises_in_its_place() -> None:
    def numbers() -> Iterator[int]:
        yield from (1, 2)
        raise ValueError("three")

    going = one_ahead(numbers())

    assert [next(going), next(going)] == [1, 2]
    with pytest.raises(ValueError, match="three"):
        next(going)
    assert list(one_ahead(iter([]))) == []
