"""What Linux shows of another process: its memory, its files, its threads, and which of its sockets is whose."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Held:
    """What a process holds: resident memory in bytes, open files, threads."""

    memory_bytes: int
    files: int
    threads: int


def held(pid: int) -> Held:
    """Look at a process."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    files = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    return Held(int(status["VmRSS"].split()[0]) * 1024, files, int(status["Threads"]))


def is_gone(pid: int) -> bool:
    """Return whether a process has ended, waited for or not."""
    try:
        return "(zombie)" in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def owner(local_port: int, far_port: int, pids: list[int]) -> int | None:
    """Return which process has the end on `local_port` of a connection on loopback; None while none of them has."""
    inode = _inode(local_port, far_port)
    return next((pid for pid in pids if inode is not None and f"socket:[{inode}]" in _links(pid)), None)


def unread(port: int) -> int:
    """Return how much waits at a port: connections to be accepted, and bytes to be read on those that are."""
    return sum(int(fields[4].partition(":")[2], 16) for fields in _connections() if _ports(fields)[0] == port)


def _inode(local_port: int, far_port: int) -> str | None:
    return next((fields[9] for fields in _connections() if _ports(fields) == (local_port, far_port)), None)


def _connections() -> list[list[str]]:
    return [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]


def _ports(fields: list[str]) -> tuple[int, int]:
    here, there = (int(fields[place].rpartition(":")[2], 16) for place in (1, 2))
    return here, there


def _links(pid: int) -> set[str]:
    links = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            links.add(str(link.readlink()))
        except FileNotFoundError:  # closed meanwhile
            continue
    return links
