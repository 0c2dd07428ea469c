"""Working fakes of the ports, and a clock that a test moves."""

import threading
from collections.abc import Mapping, Sequence

import numpy as np

from foreseen.adapters.predictor.scikit_learn.outputs.method_outputs import method_outputs
from foreseen.domain.errors import CacheUnavailableError
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Fingerprint, Key
from foreseen.domain.model.call_size import ANY_SIZE, CallSize
from foreseen.domain.model.model_info import ModelInfo
from foreseen.domain.values.batch import Batch, Column
from foreseen.domain.values.predictions import Predictions
from foreseen.domain.values.signature import Feature, Signature
from support.time_limits import PATIENCE_S

FLOWER = Signature((Feature("length", example=5.1), Feature("width", example=3.5)), kind="regression")


def info_of(
    signature: Signature = FLOWER,
    outputs: tuple[str, ...] = ("predict",),
    *,
    fingerprint: bytes = b"f" * 16,
    call_size: CallSize = ANY_SIZE,
) -> ModelInfo:
    """Return what is known of a model that is a fake."""
    return ModelInfo(Fingerprint(fingerprint), signature, method_outputs(outputs, signature), {"fake": "1"}, call_size)


class Clock:
    """Seconds since 1970, standing still until moved."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def pass_s(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


class FakePredictor:
    """Answers with the sum of an instance's numbers and its strings' lengths, and records its calls."""

    def __init__(self, signature: Signature = FLOWER, outputs: tuple[str, ...] = ("predict",)) -> None:
        self.info = info_of(signature, outputs)
        self.is_thread_safe = False
        self.calls: list[int] = []
        self.error: Exception | None = None

    @property
    def rows(self) -> int:
        """How many rows were computed in all."""
        return sum(self.calls)

    def prepared(self, batch: Batch) -> Batch:
        """Prepare nothing."""
        return batch

    def predict(self, batch: Batch) -> Predictions:
        """Sum each row."""
        self.calls.append(len(batch))
        if self.error is not None:
            raise self.error
        sums = sum(_numbers(column).reshape(len(batch), -1).sum(axis=1) for column in batch.columns)
        return Predictions({"prediction": [float(value) for value in sums]})


class HeldPredictor(FakePredictor):
    """A FakePredictor whose calls last until it is let free."""

    def __init__(self, signature: Signature = FLOWER) -> None:
        super().__init__(signature)
        self.began = threading.Event()
        self.free = threading.Event()

    def predict(self, batch: Batch) -> Predictions:
        """Wait, and sum each row."""
        self.began.set()
        assert self.free.wait(PATIENCE_S)
        return super().predict(batch)


def _numbers(column: Column) -> Column:
    if column.dtype.kind == "M":
        return column.astype(np.int64)
    return np.array([-1 if text is None else len(text) for text in column]) if column.dtype == object else column


class DictCache:
    """Keeps everything, and shows nothing to `peek`, as an L2 does."""

    keeps = True

    def __init__(self) -> None:
        self.entries: dict[Key, Entry] = {}
        self.lookups: list[int] = []
        self.puts: list[int] = []

    def peek(self, key: Key) -> Entry | None:
        """Return nothing."""
        return None

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        """Look up."""
        self.lookups.append(len(keys))
        return {key: self.entries[key] for key in keys if key in self.entries}

    async def put_many(self, entries: Mapping[Key, Entry]) -> None:
        """Keep."""
        self.puts.append(len(entries))
        self.entries |= entries

    async def ping(self) -> None:
        """Be there."""

    async def close(self) -> None:
        """Have nothing to close."""


class DeadCache(DictCache):
    """A far tier that is away; `is_alive` brings it back."""

    def __init__(self) -> None:
        super().__init__()
        self.is_alive = False
        self.asked = 0

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        """Fail while away."""
        self._require()
        return await super().get_many(keys)

    async def put_many(self, entries: Mapping[Key, Entry]) -> None:
        """Fail while away."""
        self._require()
        await super().put_many(entries)

    async def ping(self) -> None:
        """Fail while away."""
        self._require()

    def _require(self) -> None:
        self.asked += 1
        if not self.is_alive:
            raise CacheUnavailableError("unreachable")
