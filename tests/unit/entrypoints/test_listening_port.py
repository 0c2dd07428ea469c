"""The port is ours before anything is served on it, or the reason is said."""

import socket

import pytest

from foreseen.entrypoints.listening_port import PortError, listening, try_port
from support.time_limits import PATIENCE_S


def test_connections_wait_until_they_are_served() -> None:
    with listening("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as waiting:
            waiting.sendall(b"early")
            served, _ = listener.accept()
            with served:
                assert served.recv(5) == b"early"


def test_a_taken_port_is_reported_with_what_to_change() -> None:
    with listening("127.0.0.1", 0) as first:
        port = first.getsockname()[1]

        with pytest.raises(PortError, match=f"listen on 127.0.0.1 port {port}: .+; see --host and --port"):
            listening("127.0.0.1", port)


@pytest.mark.parametrize("host", ["192.0.2.1", "::ffff", "a:b"])
def test_an_address_of_another_machine_is_reported(host: str) -> None:
    with pytest.raises(PortError, match=f"expected to listen on {host} port 0: "):
        listening(host, 0)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "0.0.0.0"])
def test_names_and_addresses_are_taken(host: str) -> None:
    with listening(host, 0) as listener:
        assert listener.getsockname()[1] > 0


def test_a_tried_port_is_free_and_accepts_no_connection() -> None:
    with listening("127.0.0.1", 0) as first:
        port = first.getsockname()[1]

        with pytest.raises(PortError, match=f"listen on 127.0.0.1 port {port}: .+; see --host and --port"):
            try_port("127.0.0.1", port)

    try_port("127.0.0.1", port)
    with socket.socket() as asking:
        assert asking.connect_ex(("127.0.0.1", port)) != 0
