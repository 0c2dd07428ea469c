"""Tiers: the caches that each value of the setting `cache` selects; all other code uses these, not the value."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

CacheName: TypeAlias = Literal["none", "lru", "redis", "tiered", "auto"]
"""Values of the setting."""


@dataclass(frozen=True, slots=True)
class Tiers:
    """The tiers of one value of the setting.

    Attributes:
        name: the value of the setting.
        description: what it is, in --help.
        l1: the in-process cache, or "none".
        l2: the shared cache, or "none".
    """

    name: CacheName
    description: str = ""
    l1: str = "none"
    l2: str = "none"

    @property
    def has_l1(self) -> bool:
        """Whether there is an in-process cache."""
        return self.l1 != "none"

    @property
    def has_l2(self) -> bool:
        """Whether there is a shared cache."""
        return self.l2 != "none"

    @property
    def has_any(self) -> bool:
        """Whether anything is cached."""
        return self.has_l1 or self.has_l2


_ALL: Final = (
    Tiers("none"),
    Tiers("lru", "in this process", l1="lru"),
    Tiers("redis", "shared", l2="redis"),
    Tiers("tiered", "lru before redis", l1="lru", l2="redis"),
)

TIERS: Final[Mapping[CacheName, Tiers]] = {tiers.name: tiers for tiers in _ALL}
"""By the value of the setting, except auto, which depends on redis_url."""

CACHE_NAMES: Final = "|".join(get_args(CacheName))
CACHES_IN_WORDS: Final = "; ".join(
    [": ".join(filter(None, (tiers.name, tiers.description))) for tiers in _ALL]
    + ["auto: lru, or tiered with a redis_url."]
)
