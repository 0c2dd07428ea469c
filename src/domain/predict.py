"""Predict: answer from the cache, asking the model only for what is missing."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from foreseen.domain.batch import Batch
from foreseen.domain.entry import Entry
from foreseen.domain.errors import PredictionError
from foreseen.domain.key import Key, KeyRecipe, namespace
from foreseen.domain.model_thread import ModelThread
from foreseen.domain.ports import Cache, Predictor
from foreseen.domain.tally import Tally


class Origin(Enum):
    """Where the answer to one instance came from."""

    L1 = "L1"
    L2 = "L2"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a batch is answered with: entry and origin number i belong to instance i."""

    entries: tuple[Entry, ...]
    origins: tuple[Origin, ...]

    @property
    def bodies(self) -> list[bytes]:
        """The JSON fragments, in order."""
        return [entry.body for entry in self.entries]

    def count(self, origin: Origin) -> int:
        """Tell how many instances were answered from there."""
        return self.origins.count(origin)


class Predict:
    """The one use case: HTTP and files both come here, and get the same bytes for the same instance."""

    def __init__(
        self,
        predictor: Predictor,
        cache: Cache,
        model_thread: ModelThread,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take the clock as seconds since 1970."""
        self.predictor = predictor
        self.recipe = KeyRecipe(
            namespace(predictor.fingerprint, predictor.signature, predictor.outputs), predictor.signature
        )
        self.tally = Tally()
        self._cache = cache
        self._model_thread = model_thread
        self._clock = clock

    async def __call__(self, batch: Batch) -> Answer:
        """Answer every instance of a batch.

        Raises:
            InvalidBatchError, PredictionError: as the predictor; nothing of the batch is stored then.
        """
        keys = self.recipe.keys(batch)
        near = self._peeked(keys)
        far = await self._looked_up([key for key in dict.fromkeys(keys) if key not in near])
        # One row a missing key, so that an instance repeated in the batch is predicted once.
        missing = {key: row for row, key in enumerate(keys) if key not in near and key not in far}
        fresh = await self._computed(missing, batch) if missing else {}
        return self._in_order(keys, near, far, fresh)

    def _peeked(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        return {key: entry for key in keys if (entry := self._cache.peek(key)) is not None}

    async def _looked_up(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        return await self._cache.get_many(keys) if keys else {}

    async def _computed(self, missing: Mapping[Key, int], batch: Batch) -> dict[Key, Entry]:
        rows = batch.take(list(missing.values()))
        bodies, seconds = await self._model_thread.run(lambda: self._timed(rows))
        now_us, cost_us = int(self._clock() * 1e6), int(seconds * 1e6 / len(rows))
        fresh = {key: Entry(body, now_us, cost_us) for key, body in zip(missing, bodies, strict=True)}
        self.tally.count_model_call(rows=len(rows), seconds=seconds)
        await self._cache.put_many(fresh)
        return fresh

    def _timed(self, rows: Batch) -> tuple[list[bytes], float]:
        """Run the model and encode its answers, on the model's thread."""
        start = time.perf_counter()
        predictions = self.predictor.predict(rows)
        if len(predictions) != len(rows):
            raise PredictionError(f"expected {len(rows)} predictions from the model, got {len(predictions)}")
        return predictions.encode(), time.perf_counter() - start

    def _in_order(
        self, keys: Sequence[Key], near: dict[Key, Entry], far: dict[Key, Entry], fresh: dict[Key, Entry]
    ) -> Answer:
        known = fresh | far | near
        origins = tuple(Origin.L1 if key in near else Origin.L2 if key in far else Origin.MODEL for key in keys)
        answer = Answer(tuple(known[key] for key in keys), origins)
        self.tally.count_answer(
            l1=answer.count(Origin.L1), l2=answer.count(Origin.L2), missed=answer.count(Origin.MODEL)
        )
        return answer
