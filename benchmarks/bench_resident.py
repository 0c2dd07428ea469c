"""How much memory do the two processes of a service take, at its start and after 100,000 requests, and what is it?"""

import http.client
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from bench_start import PATIENCE_S, answers, free_port
from harness.contenders import serve_command, trained
from harness.inputs import as_json, known_flowers
from harness.options import read_options
from harness.processes import end, environment
from harness.report import Report

REQUESTS = 100_000
AT_ONCE = 1_000
"""Instances of a request where all of them are new."""

SERVICE, MODEL = "the service", "the model's process"
IMPORTS = {
    SERVICE: "foreseen.entrypoints.cli.command_line, foreseen.entrypoints.http.start_serving, uvloop",
    MODEL: "foreseen.adapters.predictor.load_predictor, sklearn.ensemble",
}
"""What each process imports, most of all."""

KINDS = ("all (RSS)", "of its own")

HOLD = "; import sys; sys.stdout.write('.\\n'); sys.stdout.flush(); sys.stdin.read()"
"""Wait until standard input ends."""

Memory = tuple[float, float]
"""MiB of a process: all, and what is its own, since it comes from no file that other processes map too."""


def main() -> None:
    options = read_options(str(__doc__), seconds=None, rounds=1)
    report = Report(options.name, options.command)
    with TemporaryDirectory() as folder, serving(trained("forest", Path(folder))) as (pids, url):
        states = {"ready": measured(pids)}
        send_hits(url)
        states[f"after {REQUESTS:,} hits"] = measured(pids)
        send_new(url)
        states[f"after {REQUESTS:,} new instances as well"] = measured(pids)
        counted_mib = l1_bytes(url) / 2**20
    table = report.table("Resident memory, MiB", "when", *(f"{name}: {kind}" for name in pids for kind in KINDS))
    table.rows += [
        [when, *(f"{mib:.0f}" for taken in found.values() for mib in taken)] for when, found in states.items()
    ]
    table = report.table("What the memory of its own is, MiB", "part", *pids)
    table.rows += [[part, *(f"{mib:.1f}" for mib in each)] for part, each in parts_of(states, counted_mib).items()]
    report.finish()


def measured(pids: Mapping[str, int]) -> dict[str, Memory]:
    """Return what each process takes."""
    return {name: memory(pid) for name, pid in pids.items()}


def parts_of(states: Mapping[str, Mapping[str, Memory]], counted_mib: float) -> Mapping[str, Sequence[float]]:
    """Return what the memory of each process of its own is made of."""
    own = [[taken[1] for taken in found.values()] for found in states.values()]
    python = imported("sys")
    imports = [imported(IMPORTS[name]) for name in next(iter(states.values()))]
    ready, hits, new = own
    return {
        "Python itself": [python] * len(ready),
        "what it imports": [mib - python for mib in imports],
        "the application and the model, when it is ready": _differences(ready, imports),
        "what the hits have added": _differences(hits, ready),
        "what the new instances have added": _differences(new, hits),
        "of that, by L1's own count": [counted_mib, 0.0],
        "all": new,
    }


def _differences(after: Sequence[float], before: Sequence[float]) -> list[float]:
    return [one - other for one, other in zip(after, before, strict=True)]


def imported(modules: str) -> float:
    """Return the MiB of its own that a process takes which only imports modules."""
    command = [sys.executable, "-c", f"import {modules}{HOLD}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()) as process:
        for _ in process.stdout or ():
            _, own = memory(process.pid)
            process.communicate()
            return own
    sys.exit(f"expected {modules} to be imported")


def l1_bytes(url: str) -> float:
    """Return what L1 counts as its entries' memory."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE_S)
    connection.request("GET", "/metrics")
    said = connection.getresponse().read().decode()
    connection.close()
    found = re.search(r"^foreseen_l1_bytes(?:{.*?})? (\S+)$", said, re.MULTILINE)
    if found is None:
        sys.exit("expected foreseen_l1_bytes among the metrics")
    return float(found[1])


@contextmanager
def serving(model: Path) -> Iterator[tuple[dict[str, int], str]]:
    """Serve until the block ends; yield the ids of the two processes by name, and the service's URL."""
    with answering(serve_command(model)) as (pid, url):
        yield {SERVICE: pid, MODEL: max(children(pid), key=memory)}, url


@contextmanager
def answering(command: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Run a server on a port of its own until the block ends; yield its process's id and its URL once it answers."""
    port = free_port()
    process = subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.DEVNULL, env=environment())
    try:
        while not answers(port):
            if process.poll() is not None:
                sys.exit(f"expected {' '.join(command)} to answer")
            time.sleep(0.01)
        yield process.pid, f"http://127.0.0.1:{port}"
    finally:
        end(process)


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def memory(pid: int) -> Memory:
    """Return what a process takes, as the kernel counts it."""
    said = Path(f"/proc/{pid}/smaps_rollup").read_text()
    kib = {name: int(number) for name, number in re.findall(r"^(\w+): +(\d+) kB$", said, re.MULTILINE)}
    return kib["Rss"] / 1024, kib["Anonymous"] / 1024


def send_hits(url: str) -> None:
    """Request known flowers over one connection."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE_S)
    for flower in islice(cycle(known_flowers()), REQUESTS):
        post(connection, flower)
    connection.close()


def send_new(url: str) -> None:
    """Request flowers that differ, many at once."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE_S)
    for start in range(0, REQUESTS, AT_ONCE):
        numbers = range(start, start + AT_ONCE)
        post(connection, {"instances": [[4 + number / 1e5, 3.5, 1.4, 0.2] for number in numbers]})
    connection.close()


def post(connection: http.client.HTTPConnection, body: object) -> None:
    """Request a prediction."""
    connection.request("POST", "/predict", as_json(body), {"Content-Type": "application/json"})
    reply = connection.getresponse()
    said = reply.read()
    if reply.status != http.client.OK:
        sys.exit(f"expected status 200, got {reply.status}: {said.decode()}")


if __name__ == "__main__":
    main()
