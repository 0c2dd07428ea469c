"""Where processes listen, as Linux shows it."""

import socket
from collections.abc import Iterator
from ipaddress import IPv6Address, ip_address
from pathlib import Path

_LISTEN = "0A"


def descendants(pid: int) -> set[int]:
    """Return a process, those it has started, and theirs."""
    parents = dict(_parents())
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def listening_beyond_loopback(pids: set[int]) -> list[str]:
    """Return the addresses other than loopback that any of these processes listens on."""
    inodes = {inode for pid in pids for inode in _sockets(pid)}
    found = [address for name in ("tcp", "tcp6") for address, inode in _listening(name) if inode in inodes]
    assert found, "expected processes that listen"
    return [address for address in found if not _is_loopback(address)]


def _parents() -> Iterator[tuple[int, int]]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        yield int(stat.parent.name), int(after_name[1])


def _sockets(pid: int) -> Iterator[str]:
    try:
        links = [str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:
        return
    for link in links:
        if link.startswith("socket:["):
            yield link.removeprefix("socket:[").rstrip("]")


def _listening(name: str) -> Iterator[tuple[str, str]]:
    for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
        cells = line.split()
        if cells[3] == _LISTEN:
            raw = bytes.fromhex(cells[1].split(":")[0])
            words = [raw[start : start + 4][::-1] for start in range(0, len(raw), 4)]  # each in the machine's order
            family = socket.AF_INET if name == "tcp" else socket.AF_INET6
            yield socket.inet_ntop(family, b"".join(words)), cells[9]


def _is_loopback(text: str) -> bool:
    address = ip_address(text)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback
