"""Directives: what a caller asks of the cache itself, in the words of RFC 9111, section 5.2.1."""

from dataclasses import dataclass
from typing import Final

from foreseen.domain.identity.entry import Entry


@dataclass(frozen=True, slots=True)
class Directives:
    """What one caller asks; by default nothing.

    Attributes:
        no_cache: compute anew, and store it.
        no_store: compute anew, and keep nothing of it.
        only_if_cached: answer from a cache or not at all.
        max_age_s: an older entry will not do; None for any age.
    """

    no_cache: bool = False
    no_store: bool = False
    only_if_cached: bool = False
    max_age_s: int | None = None

    @property
    def computes_anew(self) -> bool:
        """Whether nothing that is known will do."""
        return self.no_cache or self.no_store

    def accepts(self, entry: Entry, now_us: float) -> bool:
        """Tell whether an entry is young enough."""
        return self.max_age_s is None or now_us - entry.created_at_us <= self.max_age_s * 1e6


NO_DIRECTIVES: Final = Directives()
