"""Requests that are meant to hurt, over real sockets: each is rejected, or bounded in what it costs."""

import gzip
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from foreseen.entrypoints.http.responses.connection_rejections import MAX_HEADERS, MAX_PIPELINED
from support.byte_client import Wire, wire_to
from support.processes import Served, served, wait_until, watched

TIMEOUT_S = 1.0
"""What a service gives a request to arrive that is sent too slowly; large ones are sent to one with more patience."""

QUERY = b"sepal_length=5.1&sepal_width=3.5&petal_length=1.4&petal_width=0.2"
GOOD = b"GET /predict?" + QUERY + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"
HIDDEN = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
BODY = b'{"instances":[[5.1,3.5,1.4,0.2]]}'
CHUNKS = b"Transfer-Encoding: chunked\r\n\r\n"
POST = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def iris(flower_model: Path) -> Iterator[Served]:
    """One process for all of them."""
    with unharmed(flower_model, "--receive-timeout", "60s") as running:
        yield running


@pytest.fixture(scope="module")
def hurried(flower_model: Path) -> Iterator[Served]:
    """Another for those who send too slowly."""
    with unharmed(flower_model, "--receive-timeout", f"{TIMEOUT_S}s") as running:
        yield running


@contextmanager
def unharmed(*args: object) -> Iterator[Served]:
    """Serve in a process that is as well afterwards as before, and has nothing to say."""
    with watched(*args) as running:
        before = _memory(running)
        yield running
        with wire_to(running.url) as wire:
            wire.send(GOOD)
            assert b'{"prediction":"0"}' in wire.read(until=b'"}')
        assert _memory(running) - before < 200 * 2**20
        assert running.complaints == []


@pytest.fixture
def wire(iris: Served) -> Iterator[Wire]:
    """A connection to it."""
    with wire_to(iris.url) as connected:
        yield connected


def _memory(running: Served) -> int:
    """Bytes that the process holds."""
    pages = Path(f"/proc/{running.process.pid}/statm").read_text().split()[1]
    return int(pages) * 4096


def chunked(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)


SMUGGLED = {
    "both lengths": POST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "both lengths, the other way": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n" + HIDDEN,
    "two lengths": POST + b"Content-Length: 33\r\nContent-Length: 0\r\n\r\n" + BODY + HIDDEN,
    "two lengths alike": POST + b"Content-Length: 33\r\nContent-Length: 33\r\n\r\n" + BODY + HIDDEN,
    "a list of lengths": POST + b"Content-Length: 33, 33\r\n\r\n" + BODY + HIDDEN,
    "a length with a sign": POST + b"Content-Length: +33\r\n\r\n" + BODY + HIDDEN,
    "a negative length": POST + b"Content-Length: -1\r\n\r\n" + BODY + HIDDEN,
    "a length in hexadecimal": POST + b"Content-Length: 0x21\r\n\r\n" + BODY + HIDDEN,
    "a length beyond 64 bits": POST + b"Content-Length: 18446744073709551649\r\n\r\n" + BODY + HIDDEN,
    "an unknown encoding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunked, and not last": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a space before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a tab before chunked": POST + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a field folded over two lines": POST + b"X-Folded: a\r\n Content-Length: 0\r\n\r\n" + HIDDEN,
    "a first field that is indented": b"GET /livez HTTP/1.1\r\n Host: localhost\r\n\r\n" + HIDDEN,
    "a field without a colon": b"GET /livez HTTP/1.1\r\nHost x\r\n\r\n" + HIDDEN,
    "a zero byte in a field": b"GET /livez HTTP/1.1\r\nX: a\x00b\r\n\r\n" + HIDDEN,
    "a bare CR in a field": b"GET /livez HTTP/1.1\r\nX: a\rb\r\n\r\n" + HIDDEN,
    "lines that end in LF": b"GET /livez HTTP/1.1\nHost: x\n\n" + HIDDEN,
    "one line that ends in LF": b"GET /livez HTTP/1.1\r\nHost: x\nX: y\r\n\r\n" + HIDDEN,
    "a chunk longer than its length": POST + CHUNKS + b"2\r\n{}{}\r\n0\r\n\r\n" + HIDDEN,
    "a chunk that ends in LF": POST + CHUNKS + b"2\r\n{}\n0\r\n\r\n" + HIDDEN,
    "a chunk of more than 64 bits": POST + CHUNKS + b"10000000000000002\r\n{}\r\n0\r\n\r\n" + HIDDEN,
    "a negative chunk": POST + CHUNKS + b"-2\r\n{}\r\n0\r\n\r\n" + HIDDEN,
    "a version to come": b"GET /livez HTTP/9.9\r\nHost: localhost\r\n\r\n" + HIDDEN,
    "an unknown method": b"GETS /livez HTTP/1.1\r\nHost: localhost\r\n\r\n" + HIDDEN,
    "no host": b"GET /livez HTTP/1.1\r\n\r\n" + HIDDEN,
    "two hosts": b"GET /livez HTTP/1.1\r\nHost: localhost\r\nHost: y\r\n\r\n" + HIDDEN,
    "two hosts alike, of an older protocol": b"GET /livez HTTP/1.0\r\nhost: x\r\nHOST: x\r\n\r\n" + HIDDEN,
    "a tunnel": b"CONNECT localhost:6379 HTTP/1.1\r\nHost: localhost\r\n\r\n" + HIDDEN,
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "noise": bytes(range(256)) * 4,
}


@pytest.mark.parametrize("sent", SMUGGLED.values(), ids=SMUGGLED.keys())
def test_an_ambiguous_request_is_rejected_and_its_connection_closed(wire: Wire, sent: bytes) -> None:
    wire.send(sent)
    wire.read_to_end()

    assert wire.statuses == [400]
    assert wire.problem()["type"] == "urn:foreseen:problem:malformed"
    assert b"application/problem+json" in wire.came
    assert b"connection: close" in wire.came


def test_a_good_request_before_a_malformed_one_is_answered(wire: Wire) -> None:
    wire.send(GOOD + b"nonsense\r\n\r\n")
    wire.read_to_end()

    assert wire.statuses == [200]
    assert b'{"prediction":"0"}' in wire.came


def test_an_older_protocol_is_answered_once(wire: Wire) -> None:
    wire.send(b"GET /livez HTTP/1.0\r\n\r\n" + GOOD)
    wire.read_to_end()

    assert wire.statuses == [200]
    assert b"alive" in wire.came


def test_another_protocol_is_rejected_without_harm(wire: Wire) -> None:
    asked = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"
    wire.send(GOOD[:-2] + asked + b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    wire.read_to_end()

    assert wire.statuses == [200]


def test_a_web_socket_is_declined_and_the_connection_kept(wire: Wire) -> None:
    key = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    wire.send(GOOD[:-2] + b"Connection: Upgrade\r\nUpgrade: websocket\r\n" + key + HIDDEN)
    wire.read(until=b"alive")

    assert wire.statuses == [200, 200]


class TestSlowness:
    """Each would hold a connection for as long as it likes."""

    @pytest.fixture
    def wire(self, hurried: Served) -> Iterator[Wire]:
        with wire_to(hurried.url) as connected:
            yield connected

    @pytest.mark.parametrize(
        ("sent", "again"),
        [
            (b"GET /", b"a"),
            (b"GET /livez HTTP/1.1\r\n", b"x-more: 1\r\n"),
            (POST + b"Content-Length: 1000000\r\n\r\n", b" "),
            (POST + CHUNKS, b"1\r\n \r\n"),
            (POST + CHUNKS + b"5;", b"extension"),
        ],
        ids=["its line", "its head", "its body", "its chunks", "the length of its chunk"],
    )
    def test_a_trickling_request_times_out(self, wire: Wire, sent: bytes, again: bytes) -> None:
        wire.send(sent)

        assert wire.trickle(again, every_s=0.05)
        assert wire.statuses == [408]
        assert wire.problem()["detail"] == "expected the whole request within receive_timeout, got a part of it"

    def test_a_slow_client_within_the_limit_is_served(self, iris: Served) -> None:
        whole = POST + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
        with wire_to(iris.url) as wire:
            for start in range(0, len(whole), 20):
                wire.send(whole[start : start + 20])
                time.sleep(TIMEOUT_S / 50)

            assert b'{"predictions":[{"prediction":"0"}]}' in wire.read(until=b"]}")

    def test_a_silent_client_is_disconnected(self, wire: Wire) -> None:
        assert wire.read_to_end() == b""

    @pytest.mark.parametrize("void", [b"\r\n", b"\r"])
    def test_a_client_that_sends_only_newlines_is_disconnected(self, wire: Wire, void: bytes) -> None:
        wire.send(GOOD)
        wire.read(until=b'"}')

        assert wire.trickle(void, every_s=0.2)
        assert wire.statuses == [200]

    def test_the_rest_of_a_rejected_request_is_not_awaited(self, wire: Wire) -> None:
        wire.send(b"POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n")
        wire.read(until=b'"status":404')

        assert wire.trickle(b" ", every_s=0.05)
        assert wire.statuses == [404]

    def test_a_client_that_reads_no_answers_is_disconnected(self, hurried: Served) -> None:
        with wire_to(hurried.url, receive_buffer=4096) as deaf:
            # More than the kernel takes in for a client that does not.
            deaf.send(b"GET /docs/assets/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20)
            wait_until(lambda: not _is_connected(hurried, deaf))


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """100 MB, compressed to 100 kB."""
    return gzip.compress(b" " * 100_000_000)


class TestFloods:
    @pytest.mark.parametrize(("more", "status"), [(0, 200), (1, 431)])
    def test_header_fields_are_counted(self, wire: Wire, more: int, status: int) -> None:
        wire.send(GOOD[:-2] + b"".join(b"x-%d: 1\r\n" % n for n in range(MAX_HEADERS - 1 + more)) + b"\r\n")
        wire.read(until=b"}")

        assert wire.statuses == [status]

    @pytest.mark.parametrize(
        "made",
        [
            lambda: b"GET /predict?" + b"a" * 2**21,
            lambda: b"GET /livez HTTP/1.1\r\nX: " + b"a" * 2**21,
            lambda: b"GET /livez HTTP/1.1\r\n" + b"a" * 2**21,
            lambda: b"GET /livez HTTP/1.1\r\n" + b"a: b\r\n" * 2**18,
            lambda: POST + CHUNKS + chunked(BODY) + b"0\r\n" + b"a: b\r\n" * 2**18,
        ],
        ids=["a target", "a field's value", "a field's name", "fields", "fields after the body"],
    )
    def test_a_head_without_end_is_cut_off(self, wire: Wire, made: Callable[[], bytes]) -> None:
        wire.send(made())
        wire.read_to_end()

        # What is rejected while more of it comes in may be lost on the way, and the connection with it.
        assert wire.statuses in ([431], [400], [])
        assert b"200 OK" not in wire.came

    def test_requests_without_end_ahead_of_their_answers_are_cut_off(self, iris: Served, wire: Wire) -> None:
        before = _memory(iris)
        wire.send(GOOD * 100_000)
        wire.read_to_end()

        assert set(wire.statuses) <= {200}
        assert len(wire.statuses) <= 2 * MAX_PIPELINED
        assert _memory(iris) - before < 50 * 2**20

    def test_pipelined_requests_are_answered_in_order_up_to_the_limit(self, wire: Wire) -> None:
        wire.send((GOOD + HIDDEN) * (MAX_PIPELINED // 2))
        wait_until(lambda: wire.is_closed(within_s=0.1) or len(wire.statuses) == MAX_PIPELINED)

        assert wire.statuses == [200] * MAX_PIPELINED
        assert wire.came.count(b'"prediction"') == wire.came.count(b"alive") == MAX_PIPELINED // 2

    @pytest.mark.parametrize(
        ("made", "statuses"),
        [
            (lambda: b'{"sepal_length":' + b"[" * 4_000_000, {400}),
            (lambda: b"[" * 8_000_000, {400, 413, 422}),
            (lambda: b'{"a":' * 1_000_000 + b"1" + b"}" * 1_000_000, {400, 422}),
            (lambda: b'{"instances":[[5.1,3.5,1.4,1e400]]}', {400, 422}),
            (lambda: b'{"instances":[[5.1,3.5,1.4,' + b"9" * 8_000_000 + b"]]}", {400, 422}),
            (lambda: b'{"instances":[[5.1,3.5,1.4,0.' + b"1" * 8_000_000 + b"]]}", {200, 400, 422}),
            (lambda: b'{"sepal_length":"' + b"\\u0000" * 1_000_000 + b'"}', {400, 422}),
            (lambda: b"{" + b'"sepal_length":1,' * 400_000 + b'"sepal_width":1}', {413}),
            (lambda: b"{" + b",".join(b'"%d":1' % n for n in range(500_000)) + b"}", {413}),
            (lambda: b'{"instances":[{' + b",".join(b'"%d":1' % n for n in range(500_000)) + b"}]}", {413}),
            (lambda: b'{"instances":[{' + b",".join(b'"sepal_%d":1' % n for n in range(10_000)) + b"}]}", {422}),
            (lambda: b'{"instances":[[' + b",".join([b"[]"] * 2_500_000) + b"]]}", {413}),
            (lambda: b'{"instances":[' + b",".join([b'["a","b","c","d"]'] * 10_000) + b"]}", {422}),
            (lambda: b"\x00" * 1_000_000, {400}),
            (lambda: b"\xff\xfe" * 1_000_000, {400}),
        ],
        ids=[
            "lists",
            "lists alone",
            "objects",
            "1e400",
            "digits",
            "decimals",
            "escapes",
            "one name",
            "names",
            "an instance's names",
            "names like ours",
            "empty lists",
            "wrong values",
            "zeros",
            "no text",
        ],
    )
    def test_a_body_that_is_costly_to_read_is_rejected_quickly(
        self, iris: Served, wire: Wire, made: Callable[[], bytes], statuses: set[int]
    ) -> None:
        body = made()
        wire.send(POST + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        wire.read(until=b"}")

        assert set(wire.statuses) <= statuses
        assert len(wire.statuses) == 1

    @pytest.mark.parametrize("encoding", [b"gzip", b"deflate", b"br", b"zstd", b"gzip, gzip"])
    def test_a_compressed_body_is_not_decompressed(self, wire: Wire, bomb: bytes, encoding: bytes) -> None:
        head = POST + b"Content-Encoding: " + encoding + b"\r\nContent-Length: %d\r\n\r\n" % len(bomb)
        wire.send(head + bomb)
        wire.read(until=b"}")

        assert wire.statuses == [415]

    def test_the_largest_unfinished_bodies_make_room(self, iris: Served) -> None:
        part = POST + b'Content-Length: 8388608\r\n\r\n{"a":"' + b"x" * (7 * 2**20)

        def answered() -> list[Wire]:
            return [each for each in wires if each.is_closed(within_s=0.001) or each.came]

        with ExitStack() as open_ones:
            wires: list[Wire] = []
            for _ in range(12):  # one by one: an open connection has only seconds until its first byte
                wires.append(open_ones.enter_context(wire_to(iris.url)))
                assert wires[-1].send(part)
            wait_until(lambda: len(answered()) == 3)  # 9 of 7 MiB fit into 64 MiB
            wire = open_ones.enter_context(wire_to(iris.url))
            wire.send(GOOD)
            assert b"200 OK" in wire.read(until=b'"}')
            for each in answered():
                assert b"too-many-bodies" in each.read(until=b"too-many-bodies")
                assert b"\r\nretry-after: 1\r\n" in each.came
            assert len(answered()) == 3

    def test_a_compressed_body_is_no_json(self, wire: Wire) -> None:
        wire.send(POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + chunked(gzip.compress(BODY)) + b"0\r\n\r\n")
        wire.read(until=b"}")

        assert wire.statuses == [400]


class TestConnections:
    MOST = 10

    @pytest.fixture
    def small(self, flower_model: Path) -> Iterator[Served]:
        with served(flower_model, "--max-connections", self.MOST) as running:
            yield running

    def test_a_connection_too_many_is_rejected_and_the_others_served(self, small: Served) -> None:
        with ExitStack() as open_ones:
            wires = [open_ones.enter_context(wire_to(small.url)) for _ in range(self.MOST)]
            for wire in wires:
                wire.send(GOOD + b"GET /")  # with another request under way: one that is idle would give way
                assert b"200 OK" in wire.read(until=b'"}')
            with wire_to(small.url) as rejected:
                rejected.read_to_end()

            assert rejected.statuses == [503]
            assert rejected.problem()["type"] == "urn:foreseen:problem:too-many-connections"
            assert b"retry-after: 1" in rejected.came
        wait_until(lambda: small.get("/livez").status_code == 200)

    def test_a_request_rejected_by_its_head_is_counted(self, small: Served) -> None:
        with wire_to(small.url) as wire:
            wire.send(b"nonsense\r\n\r\n")
            wire.read_to_end()

        assert 'rejected_requests_total{status="400",type="malformed"} 1.0' in small.get("/metrics").text


def _is_connected(running: Served, wire: Wire) -> bool:
    """Whether the service holds its side of a connection, which the kernel may go on with by itself."""
    table = Path(f"/proc/{running.process.pid}/net/tcp").read_text().splitlines()[1:]
    of_wire = [line.split() for line in table if line.split()[2].endswith(f":{wire.port:04X}")]
    return any(inode != "0" for *_, inode in (fields[:10] for fields in of_wire))
