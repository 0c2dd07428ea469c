"""The shared tier without a model, for an operator's commands."""

from dataclasses import dataclass

from foreseen.domain.ports import Inventory
from foreseen.domain.purging import Purge
from foreseen.settings import Settings
from foreseen.wiring.container import Container


@dataclass(frozen=True, slots=True)
class SharedTier:
    """What an operator may do with the tier that all replicas share.

    Attributes:
        inventory: what it holds; closing it closes the tier.
        purge: purges the tier and every process that shares it.
    """

    inventory: Inventory
    purge: Purge


def wire_shared_tier(settings: Settings) -> SharedTier:
    """Build what reaches the tier; it connects when first used."""
    redis = Container(settings, "requests").redis
    inventory = redis.inventory()
    return SharedTier(inventory, Purge([redis.processes()], inventory))
