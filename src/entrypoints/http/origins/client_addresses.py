"""Client addresses, of which each has one form, however the network shows it."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

Address = IPv4Address | IPv6Address

_NAT64: Final = int(IPv6Network("64:ff9b::/96").network_address) >> 32


def address_of(text: str) -> Address | None:
    """Return an address from its text, unmapped; None if the text is not an address."""
    try:
        return unmapped(ip_address(text))
    except ValueError:
        return None


@lru_cache(maxsize=10_000)
def shown_address(text: str) -> str:
    """Return an address in its usual form, unmapped; any other text unchanged."""
    address = address_of(text)
    return text if address is None else str(address)


def unmapped(address: Address) -> Address:
    """Return the IPv4 address within `::ffff:192.0.2.1`, as a socket on `::` shows it (RFC 4291); others unchanged."""
    return address if isinstance(address, IPv4Address) else address.ipv4_mapped or address


def _translated(address: Address) -> Address:
    """Return the IPv4 address within one of NAT64 (`64:ff9b::192.0.2.1`, RFC 6052) or of 6to4 (`2002:c000:201::/48`,
    RFC 3056); others unchanged.

    For counting alone: unlike a mapped address, which the kernel makes, it does not prove who the client is.
    """
    if isinstance(address, IPv4Address):
        return address
    if int(address) >> 32 == _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour or address


@lru_cache(maxsize=10_000)
def is_loopback(text: str) -> bool:
    """Return whether an address can be reached from this machine only; false for other text."""
    address = address_of(text)
    return address is not None and address.is_loopback


@lru_cache(maxsize=10_000)
def network_of(text: str) -> str:
    """Return what identifies a client: its IPv4 address, or its IPv6 network of 64 bits; any other text unchanged."""
    address = address_of(text)
    if address is None:
        return text
    client = _translated(address)
    return str(IPv6Address(int(client) >> 64 << 64) if isinstance(client, IPv6Address) else client)
