"""What CLUSTER SLOTS replies: ranges of slots with their primaries, also where it is incomplete or something else."""

import pytest
from redis.exceptions import ResponseError

from foreseen.adapters.cache.redis.servers.slot_map import Address, add_ranges

ASKED: Address = ("seed", 7000)
A, B = ("10.0.0.1", 7001), ("10.0.0.2", 7002)


def owners_of(*replies: object, slots: int = 6) -> list[Address | None]:
    owners: list[Address | None] = [None] * slots
    for reply in replies:
        add_ranges(owners, reply, ASKED)
    return owners


def test_each_slot_of_a_range_is_with_its_primary() -> None:
    replica = [b"10.0.0.9", 7009, b"id", {}]

    assert (
        owners_of([[0, 2, [b"10.0.0.1", 7001, b"id", {}], replica], [3, 5, [b"10.0.0.2", 7002]]]) == [A] * 3 + [B] * 3
    )


def test_slots_without_a_primary_are_filled_by_the_next_node() -> None:
    first, second = [[0, 1, [b"10.0.0.1", 7001]]], [[1, 4, [b"10.0.0.2", 7002]]]

    assert owners_of(first, second) == [A, A, B, B, B, None]


@pytest.mark.parametrize("host", [None, b""])
def test_a_node_without_its_own_host_keeps_the_reached_one(host: bytes | None) -> None:
    assert owners_of([[0, 5, [host, 7001, b"id"]]]) == [("seed", 7001)] * 6


@pytest.mark.parametrize("reply", [None, 1, b"OK", [1], [[0, 5]], [[b"a", 5, [b"h", 1]]], [[0, 5, [b"\xff", 1]]]])
def test_an_unexpected_reply_is_rejected_with_its_node(reply: object) -> None:
    with pytest.raises(ResponseError, match="expected slots and nodes from seed:7000"):
        owners_of(reply)
