"""A known head is answered as any other: of two servers that receive the same bytes, only one knows heads."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import fakeredis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp, Receive, Scope, Send

from foreseen.adapters.cache.redis.servers.servers_port import Servers
from foreseen.adapters.cache.redis.servers.single_server import OneServer
from foreseen.domain.counters import SAVED, Numbers, Tally
from foreseen.domain.values.signature import Feature, Signature
from foreseen.entrypoints.http.counting.shared_memory_slots import Slots
from foreseen.entrypoints.http.requests.known_heads import STATE, HeadsInUse, KnownHeads
from foreseen.entrypoints.http.server import bounded_protocol
from foreseen.entrypoints.http.server.known_heads_protocol import LOOK_EVERY, MOST_LOOKS
from foreseen.entrypoints.http.service.application import create_service
from foreseen.entrypoints.http.service.known_hits import heads_in_use
from foreseen.entrypoints.logs import configure_logs
from foreseen.settings import Settings
from foreseen.wiring.service import Service, wire_service
from support.certificates import Certificates, certificates
from support.command_in_process import own_logs
from support.example_counts import examples
from support.fakes import FLOWER, FakePredictor
from support.in_loop_server import InLoopServer, in_loop_server
from support.loop_watch import slowness
from support.time_limits import soon

BODY: Final = b'{"length":5.1,"width":3.5}'
OTHER: Final = b'{"length":4.25,"width":3.5}'
MANY: Final = b'{"instances":[[5.1,3.5],[4.25,3.5]]}'
ODD: Final = b'{"length":"x","width":3.5}'
QUERY: Final = b"length=5.1&width=3.5"
HEAD: Final = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
TRACED: Final = b"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nX-Request-Id: abc\r\n"
_MADE: Final = rb"(?<=x-request-id: )[0-9a-f]{32}|(?<=\"request_id\":\")[0-9a-f]{32}|(?<=model;dur=)[0-9.e-]+"
"""What differs between two answers: ids that the service makes, and how long the model took."""
HURRIED_S: Final = 0.5
"""What a server gives an unfinished request, on a machine of the usual speed: tests of its end wait for it."""
LAST: Final = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def post(body: bytes = BODY, fields: bytes = b"", length: int | None = None) -> bytes:
    return HEAD + fields + b"Content-Length: %d\r\n\r\n%b" % (len(body) if length is None else length, body)


def get(query: bytes = QUERY, fields: bytes = b"") -> bytes:
    return b"GET /predict?%b HTTP/1.1\r\nHost: localhost\r\n%b\r\n" % (query, fields)


class Pair:
    """Two servers of one service, of which one knows heads."""

    def __init__(self, knowing: InLoopServer, other: InLoopServer, parsed: list[int]) -> None:
        self.knowing = knowing
        self._other = other
        self._parsed = parsed

    @property
    def heads(self) -> KnownHeads:
        """What is known by now."""
        in_use: HeadsInUse = self.knowing.state[STATE]
        assert isinstance(in_use.current, KnownHeads)
        return in_use.current

    @property
    def tally(self) -> Tally:
        """What the service counts."""
        tally: Tally = self.knowing.state["tally"]
        return tally

    @property
    def parsed(self) -> int:
        """How many requests have come to the application of the server that knows heads."""
        return self._parsed[0]

    async def learn(self, *requests: bytes) -> None:
        """Send requests until their heads are known: once for the entry, once for the head."""
        for request in (*requests, *requests):
            await self.knowing.asked(request)

    async def ask_other(self, request: bytes) -> None:
        """Send a request to the server that knows no heads."""
        await self._other.asked(request)

    async def agree_on(self, *parts: bytes) -> bytes:
        """Send parts on a connection each, a read for each; return what both have answered."""
        (answered,) = await self.agree_on_each(parts)
        return answered

    async def agree_on_each(self, *several: Sequence[bytes]) -> list[bytes]:
        """Agree on several connections at once: of one that the server rejects over TLS, the end is waited for."""
        # First for the entries, which both have: what is new to one would be a hit to the next.
        await asyncio.gather(*(received(self._other, parts) for parts in several))
        answered = await asyncio.gather(
            *(received(server, parts) for server in (self.knowing, self._other) for parts in several)
        )
        one, other = answered[: len(several)], answered[len(several) :]
        assert one == other
        return one


async def received(opened: InLoopServer, parts: Sequence[bytes]) -> bytes:
    """Send parts, each in a read of its own, and receive until the server closes."""
    line = await opened.open()
    with suppress(ConnectionError):  # it may close after an answer
        for part in parts:
            await line.send(part)
            for _ in range(5):  # the server runs on this loop, and reads what has come
                await asyncio.sleep(0)
    return re.sub(_MADE, b"...", await line.rest())


@asynccontextmanager
async def pair(
    files: Certificates | None = None,
    *,
    predictor: FakePredictor | None = None,
    servers: Servers | None = None,
    counts: Numbers | None = None,
    **given: Any,
) -> AsyncIterator[Pair]:
    parsed = [0]
    with_heads: dict[str, Any] = {"model": Path("model.joblib"), "receive_timeout": HURRIED_S * slowness()} | given

    def serving(service: Service, heads: HeadsInUse | None) -> ASGIApp:
        app = create_service(service, heads=heads)

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            parsed[0] += scope["type"] == "http" and heads is not None
            await app(scope, receive, send)

        return counted

    service, of_other = (
        wire_service(Settings(**with_heads), predictor or FakePredictor(FLOWER), servers=servers, counts=counts)
        for _ in range(2)
    )
    if servers is None:
        of_other = service  # with the same L1
    served = {name: with_heads[name] for name in ("receive_timeout", "keep_alive") if name in with_heads}
    async with (
        in_loop_server(files, serving=serving(service, heads_in_use(service)), **served) as knowing,
        in_loop_server(files, serving=serving(of_other, None), **served) as other,
    ):
        yield Pair(knowing, other, parsed)


TRIES: Final = 20
"""Connections until the first byte of one arrives in 50 ms: on a busy machine, some are closed before."""

Run = Callable[[Callable[[Pair], Any]], None]
WARM: Final = (post(), post(OTHER), post(MANY), get(), post(fields=TRACED), get(fields=TRACED))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("tls"))


@contextmanager
def running(files: Certificates | None = None, **given: Any) -> Iterator[Run]:
    """Yield what runs a test on two servers that have answered every request of WARM."""
    with asyncio.Runner() as runner:
        opened = pair(files, **given)
        servers = runner.run(opened.__aenter__())
        runner.run(servers.learn(*WARM))
        yield lambda scenario: runner.run(soon(scenario(servers)))
        runner.run(opened.__aexit__(None, None, None))


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    with running() as run:
        yield run


@pytest.fixture(scope="module", params=["plain", "tls"])
def run_both(request: pytest.FixtureRequest, files: Certificates) -> Iterator[Run]:
    with running(files if request.param == "tls" else None) as run:
        yield run


def test_a_known_head_is_answered_without_the_application(run_both: Run) -> None:
    async def scenario(servers: Pair) -> None:
        before = servers.parsed
        for request in WARM:
            assert (await servers.knowing.asked(request)).headers["cache-status"] == "foreseen; hit; detail=L1"
        assert servers.parsed == before

    run_both(scenario)


@pytest.mark.parametrize(
    "request_", [post(), post(MANY), get(), post(fields=TRACED)], ids=["one", "many", "get", "traced"]
)
def test_a_request_cut_anywhere_is_answered_the_same(request_: bytes) -> None:
    async def scenario(servers: Pair) -> None:
        for cut in range(1, len(request_)):
            assert (await servers.agree_on(request_[:cut], request_[cut:], LAST)).count(b" 200 OK") == 2

    with running(receive_timeout=60) as run:
        run(scenario)


@pytest.mark.parametrize(
    "parts",
    {
        "pipelined": [post() + post(OTHER) + get() + LAST],
        "one after another": [post(), post(OTHER), get(), post(MANY), post(), LAST],
        "bytes after the body": [post() + b"xyz", LAST],
        "an empty line after the body": [post() + b"\r\n", post(), LAST],
        "an empty line before the head": [b"\r\n" + post(), LAST],
        "a shorter body than declared": [post(length=len(BODY) + 4)],
        "a longer body than declared": [post(length=len(BODY) - 1), LAST],
        "HTTP/1.0": [post().replace(b"HTTP/1.1", b"HTTP/1.0"), post()],
        "HTTP/1.0 that is kept": [post(fields=b"Connection: keep-alive\r\n").replace(b"1.1", b"1.0"), LAST],
        "the last of its connection": [post(fields=b"Connection: close\r\n"), post()],
        "a client that waits to send its body": [post(fields=b"Expect: 100-continue\r\n"), LAST],
        "an invalid body": [post(ODD), post(), LAST],
        "no JSON": [post(b"{"), LAST],
        "an instance that is not known": [post(b'{"length":7.5,"width":0}'), LAST],
        "a query that is not known": [get(b"length=7&width=3.5"), LAST],
        "a query in percents": [get(b"length=5%2E1&width=3.5"), LAST],
        "a query with an empty value": [get(b"length=&width=3.5"), LAST],
        "a fragment": [get(QUERY + b"#x"), LAST],
        "a directive": [post(fields=b"Cache-Control: no-cache\r\n"), LAST],
        "an entry that is too old": [post(fields=b"Cache-Control: max-age=0\r\n"), LAST],
        "a tag": [get(fields=b"If-None-Match: *\r\n"), LAST],
        "a time budget": [post(fields=b"Request-Timeout: 1\r\n"), LAST],
        "two lengths": [post(fields=b"Content-Length: 1\r\n"), LAST],
        "a length with a sign": [post().replace(b"Length: ", b"Length: +"), LAST],
        "chunks": [HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n", LAST],
        "chunks and a length": [post(fields=b"Transfer-Encoding: chunked\r\n"), LAST],
        "another host": [post().replace(b"localhost", b"example.org"), LAST],
        "no host": [post().replace(b"Host: localhost\r\n", b""), LAST],
        "another path": [post().replace(b"/predict", b"/predicT"), LAST],
        "another method": [post().replace(b"POST", b"PUT "), LAST],
        "an id of its own": [post(fields=TRACED.replace(b"abc", b"xyz")), LAST],
        "an id with a space": [post(fields=TRACED.replace(b"abc", b"a c")), LAST],
        "two ids": [post(fields=TRACED + b"X-Request-Id: second\r\n"), LAST],
        "a trace over two lines": [post(fields=TRACED.replace(b"-01\r\n", b"-01\r\n more\r\n")), LAST],
        "a bare line break in a trace": [post(fields=TRACED.replace(b"-01\r", b"-01\nExpect: 100-continue\r")), LAST],
        "a NUL in a trace": [post(fields=TRACED.replace(b"abc", b"a\0c")), LAST],
        "a letter beyond ASCII": [post(fields=TRACED.replace(b"abc", b"a\xffc")), LAST],
        "an upgrade": [post(fields=b"Connection: Upgrade\r\nUpgrade: h2c\r\n"), LAST],
        "the length last, then more": [post() + get() + b"GET", b" /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", LAST],
    }.items(),
    ids=lambda item: item[0],
)  # fmt: skip
def test_both_servers_answer_the_same_bytes_to(run_both: Run, parts: tuple[str, Sequence[bytes]]) -> None:
    async def scenario(servers: Pair) -> None:
        before = ((), (post(),), (get(),), (post(fields=TRACED),))
        assert all(await servers.agree_on_each(*((*each, *parts[1]) for each in before)))

    run_both(scenario)


@pytest.mark.parametrize(
    "request_",
    {
        "a body that follows a GET": get(fields=b"Content-Length:\t%d\r\n" % len(LAST)),
        "an id after two spaces": post(fields=b"X-Request-Id:  abc\r\n"),
        "an id after a tab": post(fields=b"X-Request-Id:\tabc\r\n"),
        "an id with a space at its end": post(fields=b"X-Request-Id: abc \r\n"),
        "two ids, the second after a tab": get(fields=b"X-Request-Id: abc\r\nX-Request-Id:\tdef\r\n"),
        "a URL as its target": post().replace(b" /predict", b" http://localhost/predict"),
    }.items(),
    ids=lambda item: item[0],
)
async def test_a_head_the_ordinary_way_reads_otherwise_stays_its_own(request_: tuple[str, bytes]) -> None:
    async with pair() as servers:
        await servers.learn(request_[1])

        await servers.agree_on(request_[1], LAST, LAST)


def parted(request: bytes) -> tuple[bytes, bytes]:
    """Return the head of a request, and its body."""
    end = request.index(b"\r\n\r\n") + 4
    return request[:end], request[end:]


def test_a_body_after_its_known_head_skips_the_application(run_both: Run) -> None:
    async def scenario(servers: Pair) -> None:
        before = servers.parsed
        line = await servers.knowing.open()
        for request in (post(), post(OTHER), post(MANY), post(fields=TRACED)):
            for part in parted(request):
                await line.send(part)
                await asyncio.sleep(0.01)
            assert (await line.answer()).headers["cache-status"] == "foreseen; hit; detail=L1"
        assert servers.parsed == before

    run_both(scenario)


async def test_a_head_is_learned_of_requests_whose_bodies_come_apart() -> None:
    async with pair() as servers:
        for _ in range(3):
            line = await servers.knowing.open()
            for part in parted(post()):
                await line.send(part)
                await asyncio.sleep(0.01)
            assert (await line.answer()).status == 200

        assert servers.parsed == 2


@pytest.mark.parametrize(
    "parts",
    {
        "no body": [*parted(post())[:1]],
        "a part of the body": [post()[:-3]],
        "the body in two parts": [*parted(post())[:1], BODY[:5], BODY[5:], LAST],
        "a body that does not end": [*parted(post())[:1], BODY[:5]],
        "a longer body": [*parted(post())[:1], BODY + b"xyz", LAST],
        "another request after the body": [*parted(post())[:1], BODY + get() + LAST],
        "an invalid body": [*parted(post(ODD)), LAST],
        "an instance that is not known": [*parted(post(b'{"length":8.5,"width":0}')), LAST],
        "a request instead of the body": [*parted(post())[:1], post(), LAST],
    }.items(),
    ids=lambda item: item[0],
)
def test_both_servers_answer_the_same_where_a_body_is_awaited(
    run_both: Run, parts: tuple[str, Sequence[bytes]]
) -> None:
    async def scenario(servers: Pair) -> None:
        before = ((), (post(),), parted(post())) if LAST in parts[1] else ((post(),),)
        assert all(await servers.agree_on_each(*((*each, *parts[1]) for each in before)))

    run_both(scenario)


async def test_a_client_that_leaves_before_its_body_is_heard_of() -> None:
    async with pair() as servers:
        await servers.learn(post())
        before = servers.parsed
        line = await servers.knowing.open()
        await line.send(parted(post())[0])
        await asyncio.sleep(0.05)
        assert servers.parsed == before
        line.close()
        await asyncio.sleep(0.05)

        assert servers.parsed == before + 1


async def test_a_body_is_awaited_by_a_server_that_stops() -> None:
    async with pair() as servers:
        await servers.learn(post())
        line = await servers.knowing.open()
        head, body = parted(post())
        await line.send(head)
        await asyncio.sleep(0.05)
        servers.knowing.begin_shutdown()
        await line.send(body)

        answer = await line.answer()
        assert (answer.status, answer.headers["connection"]) == (200, "close")


async def test_a_body_whose_head_is_forgotten_meanwhile_is_parsed() -> None:
    async with pair() as servers:
        await servers.learn(post())
        before = servers.parsed
        line = await servers.knowing.open()
        head, body = parted(post())
        await line.send(head)
        await asyncio.sleep(0.05)
        in_use: HeadsInUse = servers.knowing.state[STATE]
        in_use.current = None
        await line.send(body)

        assert (await line.answer()).status == 200
        assert servers.parsed == before + 1


async def test_a_connection_that_awaits_a_body_is_not_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    async with pair(keep_alive=1, receive_timeout=60) as servers:
        await servers.learn(post())
        monkeypatch.setattr(bounded_protocol, "FIRST_BYTE_S", 0.05)
        head, body = parted(post())
        for _ in range(TRIES):
            earlier = servers.knowing.protocols
            line = await servers.knowing.open()
            await line.send(head)
            await asyncio.sleep(0.1)  # the time for a first byte is over
            if opened := set(servers.knowing.protocols) - set(earlier):
                break
        (connection,) = opened
        assert (connection.has_sent_a_head(), connection.idle_s()) == (True, None)
        await line.send(body)

        assert (await line.answer()).status == 200


async def test_a_connection_whose_heads_always_differ_is_looked_at_seldom() -> None:
    async with pair() as servers:
        await servers.learn(post())
        line = await servers.knowing.open()
        for number in range(4 * LOOK_EVERY):
            await line.send(post(fields=b"n: %d\r\n" % number))
            await line.answer()
        assert len(servers.heads) <= 1 + MOST_LOOKS + 4

        before = servers.parsed
        for _ in range(4 * LOOK_EVERY):
            await line.send(post())
            await line.answer()
        assert servers.parsed - before <= LOOK_EVERY


@pytest.mark.parametrize("more", [0, 1])
async def test_a_connection_that_is_looked_at_seldom_is_not_always_at_a_body(more: int) -> None:
    async with pair() as servers:
        await servers.learn(post())
        line = await servers.knowing.open()
        for number in range(2 * MOST_LOOKS + more):
            await line.send(post(fields=b"n: %d\r\n" % number))
            await line.answer()
        before = servers.parsed
        for _ in range(3 * LOOK_EVERY):
            for part in parted(post()):
                await line.send(part)
                for _ in range(5):
                    await asyncio.sleep(0)
            await line.answer()

        assert servers.parsed - before <= LOOK_EVERY


async def test_an_empty_line_and_silence_end_a_connection() -> None:
    async with pair() as servers:
        await servers.learn(post())

        assert (await servers.agree_on(post(), b"\r\n")).count(b"HTTP/1.1 ") == 1


@settings(max_examples=examples(150), deadline=None)
@given(st.data())
def test_a_head_with_one_byte_changed_is_answered_the_same(run: Run, data: st.DataObject) -> None:
    request = data.draw(st.sampled_from([post(), get(), post(fields=TRACED)]))
    place = data.draw(st.integers(0, request.find(b"\r\n\r\n") + 3))
    byte = data.draw(st.integers(0, 255))
    changed = request[:place] + bytes([byte]) + request[place + 1 :]

    async def scenario(servers: Pair) -> None:
        await servers.agree_on(changed, LAST)
        await servers.agree_on(request, changed, LAST)

    run(scenario)


async def test_hits_are_counted_the_same_either_way() -> None:
    async with pair() as servers:
        await servers.learn(*WARM)
        tally = servers.tally
        parsed, hits, saved, answers = servers.parsed, tally.hits_l1, tally.counts[SAVED], sum(tally.durations(0)[0])
        await servers.knowing.asked(post(MANY))
        assert servers.parsed == parsed

        assert (tally.hits_l1, sum(tally.durations(0)[0])) == (hits + 2, answers + 1)
        assert tally.counts[SAVED] > saved


async def test_a_head_of_another_length_is_known_by_its_form() -> None:
    async with pair() as servers:
        await servers.learn(post())
        await servers.learn(post(OTHER))

        assert servers.parsed == 3  # the entry and the head of one, the entry of the other
        assert len(servers.heads) == 1


@pytest.mark.parametrize("field", [b"Origin: http://localhost\r\n", b"Connection: close\r\n", b"Cache-Control: a\r\n"])
async def test_a_head_with_further_meaning_is_not_learned(field: bytes) -> None:
    async with pair(allowed_origins=("http://localhost",)) as servers:
        await servers.learn(post(fields=field), post(fields=field))

        assert len(servers.heads) == 0
        assert servers.parsed == 4


@pytest.mark.parametrize(
    "given", [{"rate_limit": "100/second"}, {"cache": "none"}, {"access_log": "on", "trusted_proxies": "127.0.0.1"}]
)
async def test_no_head_is_known_where_each_request_is_checked(given: dict[str, Any]) -> None:
    async with pair(**given) as servers:
        in_use: HeadsInUse = servers.knowing.state[STATE]

        assert in_use.current is None


async def test_a_head_is_known_for_its_key_alone() -> None:
    key, digest = "a" * 32, sha256(b"a" * 32).hexdigest()
    async with pair(api_keys=(digest,)) as servers:
        with_key = b"Authorization: Bearer %b\r\n" % key.encode()
        await servers.learn(post(fields=with_key))

        assert (await servers.knowing.asked(post(fields=with_key))).status == 200
        assert servers.parsed == 2
        assert (await servers.knowing.asked(post(fields=with_key.replace(b"a" * 32, b"b" * 32)))).status == 401
        assert (await servers.knowing.asked(post())).status == 401


async def test_a_stopping_server_says_that_the_answer_is_the_last() -> None:
    async with pair() as servers:
        await servers.learn(post())
        line = await servers.knowing.open()
        await line.send(post())
        assert "connection" not in (await line.answer()).headers
        servers.knowing.begin_shutdown()
        await line.send(post())

        assert (await line.answer()).headers["connection"] == "close"


async def test_a_connection_idles_from_its_last_known_head(monkeypatch: pytest.MonkeyPatch) -> None:
    async with pair(keep_alive=600) as servers:
        await servers.learn(post())
        monkeypatch.setattr(bounded_protocol, "FIRST_BYTE_S", 0.05)
        for _ in range(TRIES):
            line = await servers.knowing.open()
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await line.send(post())
                await line.answer()
                break
        await asyncio.sleep(0.1)  # the time for a first byte is over
        await line.send(post())

        assert (await line.answer()).status == 200


async def test_a_connection_that_stays_idle_is_closed() -> None:
    async with pair(keep_alive=1) as servers:
        await servers.learn(post())
        line = await servers.knowing.open()
        await line.send(post())
        await line.answer()

        assert await soon(line.rest()) == b""


@pytest.mark.parametrize("target", [b"/predict", b" /predict", b"http://localhost/predict", b"/%70redict?a=b"])
def test_the_access_log_has_the_same_path_either_way(capsys: pytest.CaptureFixture[str], target: bytes) -> None:
    async def scenario() -> None:
        async with pair(access_log="on") as servers:
            for _ in range(3):
                await servers.knowing.asked(post().replace(b"/predict", target))

    with own_logs():
        configure_logs(Settings(log_format="json"))
        asyncio.run(scenario())

    paths = {json.loads(line)["path"] for line in capsys.readouterr().err.splitlines()}
    assert paths == {"/%70redict" if b"%" in target else "/predict"}


def test_the_access_log_has_the_same_line_either_way(capsys: pytest.CaptureFixture[str]) -> None:
    async def scenario() -> None:
        async with pair(access_log="on") as servers:
            await servers.learn(post(), post(fields=TRACED))
            before = servers.parsed
            await servers.ask_other(post(fields=TRACED.replace(b"abc", b"parsed")))
            await servers.knowing.asked(post(fields=TRACED.replace(b"abc", b"known")))
            assert servers.parsed == before

    with own_logs():
        configure_logs(Settings(log_format="json"))
        asyncio.run(scenario())

    lines = {line["request_id"]: line for line in map(json.loads, capsys.readouterr().err.splitlines())}
    differing = {"timestamp", "duration_ms", "request_id"}
    parsed, known = (
        {name: value for name, value in lines[one].items() if name not in differing} for one in ("parsed", "known")
    )
    assert known == parsed
    assert (known["tier"], known["trace_id"]) == ("L1", "0af7651916cd43dd8448eb211c80319c")


TENSORS: Final = Signature((Feature("image", shape=(2, 2)), Feature("width")), kind="regression")
TEXTS: Final = Signature((Feature("colour", dtype="string"), Feature("width")), kind="regression")
IMAGE: Final = b'{"image":[[1,2],[3,4.5]],"width":3}'
RED: Final = b'{"colour":"red","width":3}'


@pytest.mark.parametrize(
    ("given", "requests"),
    [
        ({"cache": "tiered"}, WARM),
        ({"predictor": FakePredictor(TENSORS)}, (post(IMAGE), post(b'{"instances":[%b,%b]}' % (IMAGE, IMAGE)))),
        ({"predictor": FakePredictor(TEXTS)}, (post(RED), get(b"colour=red&width=3"), get(b"colour=a+b&width=3"))),
        ({"root_path": "/models"}, (*WARM, post().replace(b"/predict", b"/models/predict"))),
        ({"allowed_hosts": ("localhost",)}, WARM),
    ],
    ids=["two tiers", "tensors", "texts", "a path of a proxy", "hosts"],
)
async def test_services_of_every_kind_answer_the_same(given: dict[str, Any], requests: Sequence[bytes]) -> None:
    if given.get("cache") == "tiered":
        given = given | {"servers": OneServer(fakeredis.FakeAsyncRedis())}
    async with pair(**given) as servers:
        await servers.learn(*requests)
        for request in requests:
            assert await servers.agree_on(request, request, LAST)
            if request.startswith(b"POST"):
                assert await servers.agree_on(*parted(request), LAST)
        assert len(servers.heads) > 0


async def test_hits_are_counted_where_other_workers_see_them() -> None:
    shared, other = Slots(), Slots()
    async with pair(counts=shared.claim()) as servers:
        await servers.learn(post(), post(MANY))
        before = servers.parsed
        for _ in range(3):
            await servers.knowing.asked(post())
            await servers.knowing.asked(post(MANY))

        assert servers.parsed == before
        assert Tally.summed(map(Tally, (*shared.all(), other.claim()))).hits_l1 == servers.tally.hits_l1
