"""A chunk has the rows of its table that can be read."""

import pytest

from foreseen.adapters.tabular.columns.chunk_rows import as_cells
from foreseen.domain.tables.table import Chunk


def test_a_chunk_of_rejects_alone_has_no_rows() -> None:
    with pytest.raises(ValueError, match="expected a chunk with readable rows, got none"):
        Chunk("in.csv", None, None, (), (), as_text=as_cells).take([])
