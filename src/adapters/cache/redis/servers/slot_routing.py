"""Routes commands in a cluster, and follows the redirections of nodes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from redis.exceptions import AskError, ClusterDownError, MovedError

from foreseen.adapters.cache.redis.client.fast_commands import Command
from foreseen.adapters.cache.redis.servers.slot_map import Address, SlotMap

MOST_NAMES: Final = 100_000
"""Maximum names to try for one that is on a node: six times as many as a single slot takes on average."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A node, and whether ASKING has to precede the command, since a slot is being migrated to it."""

    address: Address
    is_asking: bool = False


@dataclass(slots=True)
class Redirected:
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
    redirected: Redirected,
) -> None:
    """Put replies in their places; those that name another node move slots and redirect commands."""
    for number, reply in zip(numbers, replies, strict=True):
        match reply:
            case MovedError():
                slots.move(reply.slot_id, _address_in(reply, stop))
                redirected.stops[Stop(_address_in(reply, stop))].append(number)
                redirected.is_stale = True
            case AskError():
                redirected.stops[Stop(_address_in(reply, stop), is_asking=True)].append(number)
            case ClusterDownError():  # of a slot that no node has
                redirected.is_stale = True
            case _:
                answered[number] = reply


def _address_in(reply: AskError, stop: Stop) -> Address:
    # A node that does not know its own address leaves the host out: it is the node that replied.
    return (reply.host or stop.address[0], int(reply.port))


def probe_name(name: str, owner: Address, slots: SlotMap) -> str | None:
    """Return a key that begins with a name and is on a node; None if it has no slots, or too few to find one."""
    for number in range(MOST_NAMES):
        candidate = f"{name}:{number}"
        if slots.owner_of(candidate) == owner:
            return candidate
    return None
