"""What a connection may cost is the same with TLS and without, on each event loop that may serve."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeAlias

import pytest
import uvloop

from foreseen.entrypoints.http.responses.connection_rejections import MAX_HEADERS, MAX_PIPELINED
from foreseen.entrypoints.http.server import (
    bounded_protocol,
    connection_limit,
    draining_protocol,
    lingering_close,
    single_write,
    tls_handshake,
)
from support.certificates import Certificates, certificates
from support.in_loop_server import GET, InLoopServer, Line, in_loop_server
from support.time_limits import PATIENCE_S, soon

BODY = b'{"instances":[[1,2]]}'
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n" % len(BODY)
H2C = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n"
MANY = b" " * 3_000_000
"""More than the kernel takes for a server that does not read."""

Run: TypeAlias = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """What runs a test on an event loop."""
    factory = asyncio.new_event_loop if request.param == "asyncio" else uvloop.new_event_loop

    def run_on_it(doing: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(soon(doing))

    return run_on_it


@pytest.fixture(params=["plain", "tls"])
def used(request: pytest.FixtureRequest, files: Certificates) -> Certificates | None:
    """The certificates of a server that speaks TLS; None for one that does not."""
    return files if request.param == "tls" else None


def hello() -> bytes:
    """Return what a client says first in TLS."""
    sent = ssl.MemoryBIO()
    started = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), sent, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        started.do_handshake()
    return sent.read()


async def until_there_are(opened: InLoopServer, connections: int) -> None:
    while opened.connections != connections:  # noqa: ASYNC110 - the server says nothing of it
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("sent", [b"", b"\x16", hello()[:100], hello()], ids=["nothing", "a byte", "half", "all"])
def test_connections_that_begin_no_request_give_way_the_oldest_first(
    run: Run, used: Certificates | None, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_protocol, "FIRST_BYTE_S", 600)
    monkeypatch.setattr(tls_handshake, "HANDSHAKE_S", 600)

    async def scenario() -> None:
        async with in_loop_server(used, max_connections=4) as opened:
            silent = [await opened.open(is_raw=True) for _ in range(20)]
            for line in silent if used else ():
                with suppress(ConnectionError):  # of one that has given way by now
                    await line.send(sent)
            assert (await opened.asked()).status == 200
            await silent[0].rest()  # closed, while the youngest are as they were
            assert opened.connections == 4

    run(scenario())


async def answered(opened: InLoopServer, connections: int) -> list[Line]:
    """Open connections of which each has sent a request, and received its answer."""
    kept = [await opened.open() for _ in range(connections)]
    for line in kept:
        await line.send(GET)
        assert (await line.answer()).status == 200
    return kept


async def has_no_place(opened: InLoopServer, used: Certificates | None) -> None:
    """Expect that one more connection is rejected."""
    if used:
        with pytest.raises(OSError):  # noqa: PT011 - of TLS or of the socket
            await opened.open()
    else:
        answer = await opened.asked(b"")
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")


def test_connections_between_two_requests_keep_their_places(
    run: Run, used: Certificates | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_limit, "IDLE_S", 600)

    async def scenario() -> None:
        async with in_loop_server(used, max_connections=3) as opened:
            kept = await answered(opened, 3)
            await has_no_place(opened, used)
            for line in kept:
                await line.send(GET)
                assert (await line.answer()).status == 200

    run(scenario())


def test_the_connection_that_is_idle_longest_gives_way(
    run: Run, used: Certificates | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_limit, "IDLE_S", -1)

    async def scenario() -> None:
        async with in_loop_server(used, max_connections=3) as opened:
            kept = await answered(opened, 3)
            silent = await opened.open()
            assert await kept[0].rest() == b""
            assert (await opened.asked()).status == 200  # in the place of the silent one
            assert b"HTTP/1.1 200" not in await silent.rest()
            for line in kept[1:]:
                await line.send(GET)
                assert (await line.answer()).status == 200

    run(scenario())


def left_open(port: int, files: Certificates | None, sent: bytes, answer: bytes) -> socket.socket:
    """Return a connection that has the beginning of an answer to what it sent, and goes along with no end of TLS."""
    line = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
    if files is not None:
        trusted = ssl.create_default_context(cafile=files.authority)
        line = trusted.wrap_socket(line, server_hostname="127.0.0.1")
    if sent:
        line.sendall(sent)
    assert line.recv(len(answer) or 1) == answer
    return socket.socket(fileno=line.detach())


@pytest.mark.parametrize("sent", [GET, b"nonsense\r\n\r\n"], ids=["idle", "rejected"])
def test_the_connection_that_makes_room_is_closed_despite_its_client(
    run: Run, used: Certificates | None, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_limit, "IDLE_S", -1)
    monkeypatch.setattr(connection_limit, "MAX_STAYING", 0)
    monkeypatch.setattr(tls_handshake, "LINGER_S", 600)
    monkeypatch.setattr(lingering_close, "QUIET_S", 600)

    async def scenario() -> None:
        async with in_loop_server(used, max_connections=1) as opened:
            left = await asyncio.to_thread(left_open, opened.port, used, sent, b"HTTP/1.1")
            assert (await opened.asked()).status == 200
            with left, suppress(ConnectionError):
                left.settimeout(PATIENCE_S)
                while await asyncio.to_thread(left.recv, 4096):
                    pass
                while not used:  # which shows whether it is closed, and not its one half
                    await asyncio.to_thread(left.send, b"x")

    run(scenario())


@pytest.mark.parametrize("sent", [GET, b"nonsense\r\n\r\n"], ids=["idle", "rejected"])
def test_a_stopping_service_waits_for_no_client_to_end_tls(
    run: Run, files: Certificates, sent: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(draining_protocol, "LINGER_S", 0.01)
    monkeypatch.setattr(lingering_close, "QUIET_S", 600)

    async def scenario() -> None:
        async with in_loop_server(files, stop_timeout=1) as opened:
            left = await asyncio.to_thread(left_open, opened.port, files, sent, b"HTTP/1.1")
        left.close()

    run(scenario())
    assert "timeout graceful shutdown exceeded" not in caplog.text


def test_a_closing_connection_makes_room_as_well(
    run: Run, files: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_protocol, "FIRST_BYTE_S", 0.05)
    monkeypatch.setattr(tls_handshake, "LINGER_S", 600)

    async def scenario() -> None:
        async with in_loop_server(files, max_connections=1) as opened:
            left = await asyncio.to_thread(left_open, opened.port, files, b"", b"")
            monkeypatch.setattr(bounded_protocol, "FIRST_BYTE_S", 600)
            assert (await opened.asked()).status == 200
            with left:
                left.settimeout(PATIENCE_S)
                while await asyncio.to_thread(left.recv, 4096):
                    pass

    run(scenario())


def test_connections_with_something_to_do_keep_their_places(
    run: Run, used: Certificates | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_limit, "IDLE_S", -1)

    async def scenario() -> None:
        async with in_loop_server(used, max_connections=3) as opened:
            begun, sending, reading = [await opened.open(receive_buffer=4096) for _ in range(3)]
            await begun.send(GET + b"GET /")
            assert (await begun.answer()).status == 200
            await sending.send(POST + b"Expect: 100-continue\r\n\r\n")
            assert await sending.continued()
            await reading.send(GET.replace(b"/ ", b"/large ", 1))
            await reading.answers_begin()
            await has_no_place(opened, used)
            await sending.send(BODY)
            assert (await sending.answer()).body == BODY

    run(scenario())


@pytest.mark.parametrize("sent", [b"", hello()[:100], hello()], ids=["nothing", "half", "all"])
def test_a_handshake_that_does_not_end_is_closed(
    run: Run, files: Certificates, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls_handshake, "HANDSHAKE_S", 0.05)

    async def scenario() -> None:
        async with in_loop_server(files) as opened:
            line = await opened.open(is_raw=True)
            await line.send(sent)
            await line.rest()
            await until_there_are(opened, 0)

    run(scenario())


def test_a_non_tls_client_is_closed_without_an_answer(
    run: Run, files: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with in_loop_server(files) as opened:
            line = await opened.open(is_raw=True)
            await line.send(GET)
            assert b"HTTP" not in await line.rest()
            await until_there_are(opened, 0)
            assert (await opened.asked()).status == 200

    run(scenario())
    assert [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []


def test_silent_connections_are_closed_before_kept_ones(
    run: Run, used: Certificates | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with in_loop_server(used) as opened:
            kept = await opened.open()
            await kept.send(GET)
            await kept.answer()
            monkeypatch.setattr(bounded_protocol, "FIRST_BYTE_S", 0.05)
            silent = await opened.open()
            assert await silent.rest() == b""
            await kept.send(GET)
            assert (await kept.answer()).status == 200

    run(scenario())


def test_an_idle_connection_is_kept_as_long_as_is_set(run: Run, used: Certificates | None) -> None:
    async def scenario() -> None:
        async with in_loop_server(used, keep_alive=0.05) as opened:
            line = await opened.open()
            await line.send(GET)
            await line.answer()
            assert await line.rest() == b""

    run(scenario())


@pytest.mark.parametrize("path", [b"/early", b"/kept"])
def test_a_client_that_keeps_sending_receives_its_early_answer(
    run: Run, used: Certificates | None, path: bytes
) -> None:
    async def scenario() -> None:
        async with in_loop_server(used) as opened:
            line = await opened.open()
            await line.send(b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % (path, len(MANY)))
            assert (await line.answer()).status == 413
            await line.send(MANY)
            if path == b"/early":
                line.close()
            else:
                await line.send(GET)
                assert (await line.answer()).status == 200

    run(scenario())


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n" + MANY, 400),
        (GET[:-2] + b"Content-Length: +5\r\n\r\n" + MANY, 400),
        (GET[:-2] + b"x: y\r\n" * (MAX_HEADERS + 1) + b"\r\n" + MANY, 431),
        (b"GET /" + MANY, 431),
        (b"CONNECT localhost:6379 HTTP/1.1\r\nHost: localhost\r\n\r\n" + MANY, 400),
    ],
    ids=["nonsense", "length", "fields", "target", "tunnel"],
)
def test_bytes_after_a_rejected_head_are_discarded_until_its_answer(
    run: Run, used: Certificates | None, sent: bytes, status: int
) -> None:
    async def scenario() -> None:
        async with in_loop_server(used) as opened:
            line = await opened.open()
            await line.send(sent)
            answer = await line.answer()
            assert (answer.status, answer.headers["connection"]) == (status, "close")
            assert answer.headers["content-type"] == "application/problem+json"

    run(scenario())


def test_the_number_of_discarded_bytes_is_bounded(
    run: Run, used: Certificates | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lingering_close, "MAX_DISCARDED", 100_000)

    async def scenario() -> None:
        async with in_loop_server(used) as opened:
            line = await opened.open()
            await line.send(b"POST /early HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000000\r\n\r\n")
            assert (await line.answer()).status == 413
            with suppress(OSError):
                while True:
                    await line.send(MANY)
            await until_there_are(opened, 0)

    run(scenario())


def test_a_client_that_goes_quiet_is_waited_for_no_longer(
    run: Run, used: Certificates | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lingering_close, "QUIET_S", 0.05)

    async def scenario() -> None:
        async with in_loop_server(used) as opened:
            line = await opened.open()
            await line.send(b"POST /early HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n")
            await line.rest()
            await until_there_are(opened, 0)

    run(scenario())


@pytest.mark.parametrize(
    "sent",
    [b"GET /", POST + b"\r\n{", b"\r\n", GET + b"GET /"],
    ids=["its line", "its body", "nothing but ends of lines", "its line, after another"],
)
def test_a_request_that_does_not_end_times_out(run: Run, used: Certificates | None, sent: bytes) -> None:
    async def scenario() -> None:
        async with in_loop_server(used, receive_timeout=0.05) as opened:
            line = await opened.open()
            await line.send(sent)
            assert b"HTTP/1.1 408" in await line.rest()
            await until_there_are(opened, 0)

    run(scenario())


def test_a_client_that_reads_no_answers_is_closed(run: Run, used: Certificates | None) -> None:
    async def scenario() -> None:
        async with in_loop_server(used, receive_timeout=0.05) as opened:
            line = await opened.open(receive_buffer=4096)
            await line.send(GET.replace(b"/ ", b"/large ", 1))
            await until_there_are(opened, 0)

    run(scenario())


def test_a_client_that_neither_sends_nor_reads_is_closed(
    run: Run, used: Certificates | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(single_write, "LINGER_S", 0.05)
    monkeypatch.setattr(tls_handshake, "LINGER_S", 0.05)

    async def scenario() -> None:
        async with in_loop_server(used) as opened:
            line = await opened.open(receive_buffer=4096)
            await line.send(GET.replace(b"/ ", b"/large ", 1))
            await line.answers_begin()
            line.end()
            await until_there_are(opened, 0)

    run(scenario())


def test_a_client_lost_within_its_body_leaves_nothing_behind(run: Run, used: Certificates | None) -> None:
    async def scenario() -> None:
        async with in_loop_server(used, receive_timeout=0.05) as opened:
            line = await opened.open()
            await line.send(POST + b"\r\n{")
            with suppress(OSError):
                while opened.connections:
                    await line.send(b" " * 1000)
                    await asyncio.sleep(0.001)
            await until_there_are(opened, 0)

    run(scenario())


def test_requests_ahead_of_their_answers_are_counted(
    run: Run, used: Certificates | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lingering_close, "QUIET_S", 0.05)

    async def scenario() -> None:
        async with in_loop_server(used) as opened:
            line = await opened.open()
            await line.send(GET * (MAX_PIPELINED + 10))
            received = await line.rest()
            assert 0 < received.count(b"HTTP/1.1 200 OK") <= MAX_PIPELINED + 1

    run(scenario())


@pytest.mark.parametrize(
    "asked",
    [
        H2C,
        b"Connection: Upgrade\r\nUpgrade: websocket\r\n",
        b"Connection: keep-alive, upgrade\r\nUpgrade: TLS/1.0, h2c\r\nUpgrade: foo/2\r\n",
        b"Upgrade: h2c\r\nConnection: upgrade\r\n",
    ],
    ids=["h2c", "websocket", "several", "the other way round"],
)
def test_an_upgrade_request_is_answered_with_its_body_and_successors(
    run: Run, used: Certificates | None, asked: bytes
) -> None:
    whole = POST + asked + b"\r\n" + BODY
    pieces = POST.replace(b"Content-Length: %d" % len(BODY), b"Transfer-Encoding: chunked") + asked
    chunks = b"\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)

    async def scenario() -> None:
        async with in_loop_server(used) as opened:
            line = await opened.open()
            await line.send(whole + GET[:-2] + asked + b"\r\n" + pieces + chunks + GET)
            answers = [await line.answer() for _ in range(4)]
            assert [answer.body for answer in answers] == [BODY, b"", BODY, b""]
            for start in range(0, len(whole), 7):
                await line.send(whole[start : start + 7])
            assert (await line.answer()).body == BODY

    run(scenario())


def test_an_early_answer_closes_a_client_that_waits_to_send(run: Run, used: Certificates | None) -> None:
    async def scenario() -> None:
        async with in_loop_server(used) as opened:
            line = await opened.open()
            await line.send(POST.replace(b" / ", b" /kept ") + b"Expect: 100-continue\r\n\r\n")
            answer = await line.answer()
            assert (answer.status, answer.headers["connection"]) == (413, "close")

    run(scenario())


def test_a_client_that_got_100_continue_is_kept(run: Run, used: Certificates | None) -> None:
    async def scenario() -> None:
        async with in_loop_server(used) as opened:
            line = await opened.open()
            for _ in range(2):
                await line.send(POST + b"Expect: 100-continue\r\n\r\n")
                assert await line.continued()
                await line.send(BODY[:5])
                await line.send(BODY[5:])
                answer = await line.answer()
                assert (answer.body, answer.headers.get("connection")) == (BODY, None)

    run(scenario())
