"""Both ways to answer on header fields in every spelling that a grammar of its own draws."""

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from foreseen.entrypoints.http.service.hot_path import HotPath
from support.echo_predictor import EchoPredictor
from support.fakes import FLOWER
from support.in_process_service import Reply, Service, service, wired_around
from support.request_grammar.header_fields import Fields, fields
from support.request_grammar.request_count import DRAWN


class Apart:
    """Two services that know nothing of each other, of which one is behind the hot path: both know the same."""

    def __init__(self, ordinary: Service, behind: Service) -> None:
        hot_path = HotPath(behind.app, behind.predict, max_body=2**20, max_rows=4)
        self._ways = (ordinary, behind.behind(hot_path))

    def reply(self, method: str, **sent: Any) -> Reply:
        """Return the reply of both, after comparing them."""
        first, second = (without_times(way.send(method, **sent)) for way in self._ways)
        assert first == second, sent
        return first


def without_times(reply: Reply) -> Reply:
    """Leave out what the model took, which differs from call to call."""
    return replace(reply, headers={name: value for name, value in reply.headers.items() if name != "server-timing"})


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    with (
        service(wired_around(EchoPredictor(FLOWER), cache="lru")) as ordinary,
        service(wired_around(EchoPredictor(FLOWER), cache="lru")) as other,
    ):
        yield Apart(ordinary, other)


def check(drawn: Fields, reply: Reply) -> None:
    """Compare a reply with what the fields request."""
    if drawn.rejected is not None:
        assert reply.status == drawn.rejected, (drawn, reply)
        return
    assert reply.status == 200 or (reply.status == 504 and "only-if-cached" in drawn.asks), (drawn, reply)
    if reply.status == 200:
        assert ("fwd=request" in reply.cache_status) == bool(drawn.asks - {"only-if-cached"}), (drawn, reply)
        assert not (drawn.asks & {"no-store"} and "stored" in reply.cache_status), (drawn, reply)


def test_fields_of_a_post_are_read_alike_by_both_ways(apart: Apart) -> None:
    rng = random.Random("fields of a body")
    for _ in range(4 * DRAWN):
        drawn = fields(rng)
        body = json.dumps({"length": rng.randint(0, DRAWN), "width": 1}).encode()

        check(drawn, apart.reply("POST", parts=[body], headers=drawn.sent))


def test_fields_of_a_get_are_read_alike_by_both_ways(apart: Apart) -> None:
    rng = random.Random("fields of a query")
    for _ in range(4 * DRAWN):
        query = b"length=%d&width=2" % rng.randint(0, DRAWN)
        tag = apart.reply("GET", query=query, headers={}).headers["etag"]
        drawn = fields(rng, tag=tag)
        reply = apart.reply("GET", query=query, headers=drawn.sent)

        if drawn.is_known:
            assert reply.status == 304, (drawn, reply)
        else:
            check(drawn, reply)
