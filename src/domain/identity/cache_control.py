"""Directives: the cache directives of a request (RFC 9111, section 5.2.1)."""

from dataclasses import dataclass
from typing import Final

from foreseen.domain.identity.entry import Entry


@dataclass(frozen=True, slots=True)
class Directives:
    """The directives of one request; none by default.

    Attributes:
        no_cache: compute again, and store the result.
        no_store: compute again, and store nothing.
        only_if_cached: answer from a cache or not at all.
        max_age_s: largest age of an entry, seconds; None for any age.
    """

    no_cache: bool = False
    no_store: bool = False
    only_if_cached: bool = False
    max_age_s: int | None = None

    @property
    def recomputes(self) -> bool:
        """Whether no cached entry may be used."""
        return self.no_cache or self.no_store

    def accepts(self, entry: Entry, now_us: float) -> bool:
        """Return whether an entry is young enough."""
        return self.max_age_s is None or now_us - entry.created_at_us <= self.max_age_s * 1e6


NO_DIRECTIVES: Final = Directives()
