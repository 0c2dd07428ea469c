"""Reaching a cluster: what is no address, and where nothing answers."""

import socket

import pytest

from foreseen.entrypoints.ray.cluster_errors import ClusterError
from foreseen.entrypoints.ray.driver.ray_session import last_line
from foreseen.entrypoints.ray.ray_address import check_address
from foreseen.settings import SettingsError
from support.own_port import own_port


@pytest.mark.parametrize("address", ["here", "here:", "ray://127.0.0.1:10001", "127.0.0.1:http"])
def test_an_invalid_address_is_rejected(address: str) -> None:
    with pytest.raises(SettingsError, match="--ray-address: expected HOST:PORT or auto, got "):
        check_address(address)


def test_an_address_without_a_listener_is_reported_at_once() -> None:
    with own_port() as port:
        with socket.create_server(("127.0.0.1", port)):
            check_address(f"127.0.0.1:{port}")

        with pytest.raises(
            ClusterError, match=f"--ray-address 127.0.0.1:{port}: expected a Ray cluster, got no answer"
        ):
            check_address(f"127.0.0.1:{port}")


def test_only_the_cause_of_a_traceback_is_reported() -> None:
    assert last_line(ValueError("ray::task()\n  File x\nOSError: no room\n\n")) == "OSError: no room"
    assert last_line(ValueError()) == "ValueError"
