"""RenamedFeatures: a reader of a file whose columns have other names than the model's features."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from foreseen.adapters.tabular.reading.reader_wrapper import ReaderAround
from foreseen.domain.tables.table import Chunk
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.signature import Signature


class RenamedFeatures(ReaderAround):
    """Gives the features that were read under a file's names the names that the model knows."""

    def __init__(self, reader: Any, signature: Signature) -> None:
        """Accept the model's own signature, whose features are in the order of the one that was read by."""
        super().__init__(reader)
        self._signature = signature

    def changed(self, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        """Return chunks of the model's instances."""
        for chunk in chunks:
            batch = chunk.batch and Batch(self._signature, chunk.batch.columns)
            yield replace(chunk, batch=batch)
