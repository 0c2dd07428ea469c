"""No cache: every instance goes to the model."""

from collections.abc import Mapping, Sequence
from typing import Final

from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key


class NoCache:
    """A Cache that keeps nothing."""

    keeps: Final = False

    def peek(self, key: Key) -> Entry | None:  # noqa: ARG002
        """Return None."""
        return None

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:  # noqa: ARG002
        """Miss every key."""
        return {}

    async def put_many(self, entries: Mapping[Key, Entry]) -> None:
        """Store nothing."""
