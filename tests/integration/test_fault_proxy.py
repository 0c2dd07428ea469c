"""The proxy that makes trouble: each fault does what it says, and is over when it is."""

import gc
import socket
import time
from collections.abc import Iterator

import pytest

from foreseen.domain.identity.entry import MAGIC
from support.fault_proxy import Fault, FaultProxy, fault_proxy
from support.own_port import own_port
from support.time_limits import PATIENCE_S

PING, PONG = b"PING\r\n", b"+PONG\r\n"
SHORT_S = 0.15


@pytest.fixture
def proxy(redis_url: str) -> Iterator[FaultProxy]:
    with fault_proxy(redis_url) as proxy:
        yield proxy


@pytest.fixture
def line(proxy: FaultProxy) -> Iterator[socket.socket]:
    """A connection that has been used."""
    with connected(proxy) as line:
        assert asked(line) == PONG
        yield line


def connected(proxy: FaultProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(proxy.url.rsplit(":")[-1].partition("/")[0])), timeout=PATIENCE_S)


def asked(line: socket.socket, command: bytes = PING) -> bytes:
    line.sendall(command)
    return line.recv(65536)


def all_that_comes(line: socket.socket) -> bytes:
    heard = b""
    while more := line.recv(65536):
        heard += more
    return heard


def hears_nothing(line: socket.socket) -> bool:
    line.settimeout(SHORT_S)
    try:
        line.recv(1)
    except TimeoutError:
        return True
    finally:
        line.settimeout(PATIENCE_S)
    return False


def works(proxy: FaultProxy) -> bool:
    with connected(proxy) as line:
        return asked(line) == PONG


def test_without_a_fault_the_proxy_changes_nothing(line: socket.socket) -> None:
    blob = bytes(range(256)) * 1000
    assert asked(line, b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$%d\r\n%b\r\n" % (len(blob), blob)) == b"+OK\r\n"
    line.sendall(b"GET a\r\n")
    expected = b"$%d\r\n%b\r\n" % (len(blob), blob)
    got = b""
    while len(got) < len(expected):
        got += line.recv(65536)

    assert got == expected


def test_a_delay_is_that_of_each_reply(proxy: FaultProxy, line: socket.socket) -> None:
    proxy.set(Fault.DELAY, delay_s=SHORT_S)
    began = time.monotonic()

    assert [asked(line), asked(line)] == [PONG, PONG]
    assert time.monotonic() - began >= 2 * SHORT_S


def test_silence_carries_out_commands_and_drops_replies(proxy: FaultProxy, line: socket.socket) -> None:
    proxy.set(Fault.SILENCE)
    line.sendall(b"SET a 1\r\n")
    assert hears_nothing(line)

    with connected(proxy) as other:
        other.sendall(PING)
        assert hears_nothing(other)

    proxy.set(Fault.NONE)
    with connected(proxy) as other:
        assert asked(other, b"GET a\r\n") == b"$1\r\n1\r\n"


def test_a_blackhole_holds_everything_until_it_ends(proxy: FaultProxy, line: socket.socket) -> None:
    proxy.set(Fault.BLACKHOLE)
    line.sendall(PING)
    with connected(proxy) as other:
        other.sendall(PING)
        assert hears_nothing(line)
        assert hears_nothing(other)

        proxy.set(Fault.NONE)
        assert [line.recv(100), other.recv(100)] == [PONG, PONG]


def test_refusing_ends_connections_and_admits_none(proxy: FaultProxy, line: socket.socket) -> None:
    proxy.set(Fault.REFUSE)

    assert line.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        connected(proxy)

    proxy.set(Fault.NONE)
    assert works(proxy)


def test_a_half_closed_connection_still_receives(proxy: FaultProxy, line: socket.socket) -> None:
    proxy.set(Fault.HALF_CLOSE)
    assert asked(line) == b""
    line.sendall(b"SET a 1\r\n")
    line.sendall(PING)
    time.sleep(SHORT_S)

    proxy.set(Fault.NONE)
    with connected(proxy) as other:
        assert asked(other, b"GET a\r\n") == b"$1\r\n1\r\n"


def test_a_reset_comes_within_a_reply(proxy: FaultProxy, line: socket.socket) -> None:
    proxy.set(Fault.RESET)
    line.sendall(PING)

    with pytest.raises(ConnectionResetError):
        all_that_comes(line)


def test_a_proxy_stopped_within_a_reset_leaves_no_connection(redis_url: str) -> None:
    for _ in range(30):
        with fault_proxy(redis_url) as proxy, connected(proxy) as line:
            asked(line)
            proxy.set(Fault.RESET)
            line.sendall(PING)
            with pytest.raises(ConnectionResetError):
                all_that_comes(line)

    gc.collect()  # an unclosed connection warns, and fails this test


def test_a_truncated_reply_ends_in_its_middle(proxy: FaultProxy, line: socket.socket) -> None:
    proxy.set(Fault.TRUNCATE)

    line.sendall(PING)

    assert all_that_comes(line) == PONG[: len(PONG) // 2]


def test_a_garbled_reply_differs_in_one_bit(proxy: FaultProxy, line: socket.socket) -> None:
    proxy.set(Fault.GARBLE)
    said = [asked(line) for _ in range(20)]

    assert [bits_apart(each, PONG) for each in said] == [1] * 20
    assert len(set(said)) > 5
    assert proxy.spoilt == 20


def test_only_entries_are_tampered_with(proxy: FaultProxy, line: socket.socket) -> None:
    blob = MAGIC + bytes(40)
    asked(line, b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$%d\r\n%b\r\n" % (len(blob), blob))
    proxy.set(Fault.TAMPER)
    said = asked(line, b"MGET a nothing a\r\n")
    head, middle = b"*3\r\n$43\r\n", b"\r\n$-1\r\n$43\r\n"
    first, second = said[len(head) : len(head) + 43], said[len(head) + 43 + len(middle) : -2]

    assert said == head + first + middle + second + b"\r\n"
    assert [bits_apart(each, blob) for each in (first, second)] == [1, 1]
    assert proxy.spoilt == 2
    assert asked(line) == PONG


def bits_apart(one: bytes, other: bytes) -> int:
    assert len(one) == len(other)
    return sum((a ^ b).bit_count() for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.NONE], ids=lambda fault: fault.name)
def test_nothing_is_left_of_a_fault_that_ended(fault: Fault, proxy: FaultProxy) -> None:
    proxy.set(fault, delay_s=0.01)
    proxy.set(Fault.NONE)

    assert works(proxy)


def test_an_unreachable_server_is_unreachable_behind_the_proxy() -> None:
    with own_port() as port, fault_proxy(f"redis://127.0.0.1:{port}/0") as proxy, connected(proxy) as line:
        assert line.recv(1) == b""
