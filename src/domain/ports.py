"""The ports of the use cases: a model that predicts, and a cache that stores."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Protocol

from foreseen.domain.identity.entry import Entry, Header
from foreseen.domain.identity.key import Key
from foreseen.domain.model.model_info import ModelInfo
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.predictions import EncodedPredictions, Predictions


class Predictor(Protocol):
    """One loaded model, ready to answer."""

    @property
    def info(self) -> ModelInfo:
        """The exact model that this predictor answers for; never changes during its life."""

    def predict(self, batch: Batch) -> Predictions | EncodedPredictions:
        """Predict every instance of a batch, on the calling thread.

        Args:
            batch: n >= 1 instances, valid under the signature.
        Returns:
            n predictions; number i answers instance i.
        Raises:
            InvalidBatchError: the model rejects a value that its signature allows, such as an unknown category.
            PredictionError: the model failed; the batch was valid.
        """


class Cache(Protocol):
    """A store of finished predictions by key."""

    @property
    def keeps(self) -> bool:
        """Whether `put_many` would store now, judged without I/O."""

    def peek(self, key: Key) -> Entry | None:
        """Return an entry that is available without I/O; None says nothing about slower tiers."""

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        """Look up keys in one round trip.

        Returns:
            The hits only; a key left out is a miss.
        Raises:
            CacheError: the lookup failed; nothing is known about any key.
        """

    async def put_many(self, entries: Mapping[Key, Entry]) -> None:
        """Store entries in one round trip, the last write of a key winning; raise CacheError if any may be lost."""


class LocalCache(Cache, Protocol):
    """A Cache of this process alone, an L1."""

    @property
    def entries(self) -> int:
        """Number of entries."""

    @property
    def size_bytes(self) -> int:
        """Estimated memory of the entries, in bytes."""

    def clear(self) -> int:
        """Remove every entry; return how many there were."""


class Lookup(Protocol):
    """The tiers that a lookup has to wait for: a cache without L1."""

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        """Look up keys as a Cache does."""


class L2Cache(Cache, Protocol):
    """A Cache shared by processes, an L2; it can be pinged, and must be closed."""

    async def ping(self) -> None:
        """Probe it with the commands of requests; raise CacheError if that fails."""

    async def close(self) -> None:
        """Close its connections."""


@dataclass(frozen=True, slots=True)
class Held:
    """One entry in a shared tier.

    Attributes:
        name: its name in the tier, which is the key as text.
        size_bytes: size of the stored value.
        ttl_s: seconds until it expires; None if it does not.
        header: when it was made and what it cost; None if it is not an entry of this format.
        answer: the first bytes of its body, unverified: good to show, not to serve.
    """

    name: str
    size_bytes: int
    ttl_s: float | None
    header: Header | None
    answer: bytes = b""


class Inventory(Protocol):
    """What an operator may see and remove in L2."""

    def held(self, model: str | None = None) -> AsyncIterator[Held]:
        """Iterate over the entries of one model, by its name, or of all, in no order; raise CacheError if that
        fails."""

    async def purge(self, model: str | None = None) -> int:
        """Remove entries and leases; return how many entries there were.

        Raises:
            CacheUnavailableError: some may be left.
        """

    async def close(self) -> None:
        """Close its connections."""


class Leases(Protocol):
    """Which of the processes that share a tier computes which key. Nothing here raises: after errors all compute."""

    async def claim(self, keys: Collection[Key]) -> Set[Key]:
        """Claim leases, and return the keys to compute here; other processes wait for each until it is settled."""

    async def wait(self, key: Key) -> Entry | None:
        """Wait for the entry that another process computes; None if none may be computing it any more."""

    def settle(self, key: Key, entry: Entry | None) -> None:
        """Release a lease with the computed entry, or None if there is none; returns at once."""
