"""One client is one address, however the network shows it."""

import pytest

from foreseen.entrypoints.http.origins.client_addresses import is_loopback, network_of


@pytest.mark.parametrize(
    ("client", "counted_as"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::FFFF:c000:207", "192.0.2.7"),
        ("64:ff9b::192.0.2.7", "192.0.2.7"),
        ("2002:c000:207:1::1", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::"),
        ("64:ff9b:1::192.0.2.7", "64:ff9b:1::"),
        ("fe80::1%eth0", "fe80::"),
        ("::1", "::"),
        ("no address", "no address"),
        ("", ""),
    ],
)
def test_a_caller_is_an_ipv4_address_or_an_ipv6_network(client: str, counted_as: str) -> None:
    assert network_of(client) == counted_as


@pytest.mark.parametrize(
    ("text", "loopback"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("::ffff:127.0.0.1", True), ("::ffff:192.0.2.1", False),
     ("2002:7f00:1::1", False), ("64:ff9b::127.0.0.1", False),
     ("::", False), ("localhost", False), ("", False)],
)  # fmt: skip
def test_a_mapped_loopback_address_is_one(text: str, loopback: bool) -> None:
    assert is_loopback(text) is loopback
