"""RenamedFeatures: a reader of a file whose columns have other names than the model's features."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from foreseen.adapters.tabular.reading.reader_types import FileReader
from foreseen.adapters.tabular.reading.reader_wrapper import ReaderWrapper
from foreseen.domain.tables.table import Chunk
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.signature import Signature


class RenamedFeatures(ReaderWrapper):
    """Renames features, which were read under a file's names, to the model's names."""

    def __init__(self, reader: FileReader, signature: Signature) -> None:
        """Accept the model's own signature, whose features are in the order of the signature used for reading."""
        super().__init__(reader)
        self._signature = signature

    def changed(self, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        """Return chunks of the model's instances."""
        for chunk in chunks:
            batch = chunk.batch and Batch(self._signature, chunk.batch.columns)
            yield replace(chunk, batch=batch)
