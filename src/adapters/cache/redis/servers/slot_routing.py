"""Where commands go in a cluster, and where a node sends them on to."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from redis.exceptions import AskError, ClusterDownError, MovedError

from foreseen.adapters.cache.redis.client.fast_commands import Command
from foreseen.adapters.cache.redis.servers.slot_map import Address, SlotMap

MOST_NAMES: Final = 100_000
"""How many names are tried for one that a node has: six times as many as it takes for a single slot, on average."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A node, and whether ASKING has to precede the command, since a slot is being migrated to it."""

    address: Address
    is_asking: bool = False


@dataclass(slots=True)
class Onward:
    """Commands that a node redirected to others.

    Attributes:
        stops: numbers of the commands, by their next node.
        is_stale: whether the map of slots was wrong.
    """

    stops: defaultdict[Stop, list[int]] = field(default_factory=lambda: defaultdict(list))
    is_stale: bool = False


def first_stops(commands: Sequence[Command], slots: SlotMap) -> Mapping[Stop, list[int]]:
    """Return the numbers of the commands by the node that owns their key; those of unowned slots are left out."""
    stops: defaultdict[Stop, list[int]] = defaultdict(list)
    for number, command in enumerate(commands):
        owner = slots.owner_of(key_of(command))
        if owner is not None:
            stops[Stop(owner)].append(number)
    return stops


def key_of(command: Command) -> str:
    """Return the key that a command is about."""
    key = command[1]
    return key.decode() if isinstance(key, bytes) else str(key)


def sort_out(
    stop: Stop,
    numbers: Iterable[int],
    replies: Sequence[object],
    answered: list[object],
    slots: SlotMap,
    onward: Onward,
) -> None:
    """Put replies in their places; those that name another node move slots, and send commands on."""
    for number, reply in zip(numbers, replies, strict=True):
        match reply:
            case MovedError():
                slots.move(reply.slot_id, _address_in(reply, stop))
                onward.stops[Stop(_address_in(reply, stop))].append(number)
                onward.is_stale = True
            case AskError():
                onward.stops[Stop(_address_in(reply, stop), is_asking=True)].append(number)
            case ClusterDownError():  # of a slot that no node has
                onward.is_stale = True
            case _:
                answered[number] = reply


def _address_in(reply: AskError, stop: Stop) -> Address:
    # A node that does not know the address by which it is reached leaves the host out: it is that of who says so.
    return (reply.host or stop.address[0], int(reply.port))


def probe_name(name: str, owner: Address, slots: SlotMap) -> str | None:
    """Return a key beginning with a name that a node has; None where it has none, or too few to find one."""
    for number in range(MOST_NAMES):
        candidate = f"{name}:{number}"
        if slots.owner_of(candidate) == owner:
            return candidate
    return None
