"""RedisLeaseTable: what a server's replies say about a lease."""

from unittest.mock import AsyncMock, Mock

import pytest

from foreseen.adapters.cache.redis.leases.lease_table import RedisLeaseTable
from foreseen.adapters.cache.redis.servers.servers_port import Servers, Unread
from support.cache_contract import A

LEASE_MS = 2000


async def seen(value: object, left_ms: object) -> object:
    """Return what a table sees by the replies to GET and PTTL."""
    servers = Mock(Servers, each=AsyncMock(return_value=[value, left_ms]))
    return (await RedisLeaseTable(servers, model_name="iris", lease_s=LEASE_MS / 1000).look([A])).get(A)


@pytest.mark.parametrize("left_ms", [0, 1, 1500, LEASE_MS])
async def test_a_lease_lasts_to_the_end_of_its_last_millisecond(left_ms: int) -> None:
    assert await seen(b"held by another", left_ms) == (left_ms + 1) / 1000


@pytest.mark.parametrize("left_ms", [-2, -1, LEASE_MS + 1, Unread.UNREACHED])
async def test_a_lease_without_a_plausible_rest_is_none(left_ms: object) -> None:
    assert await seen(b"held by another", left_ms) is None


@pytest.mark.parametrize("value", [None, Unread.UNREACHED, Unread.OTHER_TYPE])
async def test_what_cannot_be_read_is_no_lease(value: object) -> None:
    assert await seen(value, 1500) is None


async def test_an_entry_in_place_of_a_lease_is_returned() -> None:
    assert await seen(b"an entry", 1500) == b"an entry"
