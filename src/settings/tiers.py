"""Tiers: what each value of the setting `cache` is made of; everything else goes by this, not by the value."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Tiers:
    """The tiers that there are.

    Attributes:
        name: the value of the setting.
        l1: what keeps entries in this process; "none" where nothing does.
        l2: what keeps entries that all replicas share; "none" where nothing does.
    """

    name: str
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


_ALL: Final = (Tiers("none"), Tiers("lru", l1="lru"), Tiers("redis", l2="redis"), Tiers("tiered", l1="lru", l2="redis"))

TIERS: Final[Mapping[str, Tiers]] = {tiers.name: tiers for tiers in _ALL}
"""By the value of the setting, but for auto."""
