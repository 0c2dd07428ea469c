"""Contenders under the same load, in turn, and the table of it."""

import re
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urljoin

from harness.options import Options
from harness.processes import alone
from harness.report import Report, Table, count_text, ratio_text
from harness.rounds import Rounds, in_turn
from harness.wrk import Load, require_wrk, send

CONNECTIONS = (16, 64)
LOAD_COLUMNS = ("contender", "connections", "requests/s", "p50 ms", "p99 ms", "n")

SETTLING = 8
"""Times that a second of new flowers is sent at most, before anything is timed."""

DRAINED_S = 1.0
"""Seconds between two measurements: sixty-four forests one after the other take half of that."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What a benchmark over HTTP needs: a folder, a report, and processes that end with it."""

    options: Options
    folder: Path
    report: Report
    processes: ExitStack


@contextmanager
def staged(options: Options) -> Iterator[Stage]:
    """Set the stage, and finish the report when the block ends well."""
    require_wrk()
    report = Report(options.name, options.command)
    with TemporaryDirectory() as folder, ExitStack() as processes:
        yield Stage(options, Path(folder), report, processes)
    report.finish()


def replayed(
    urls: Mapping[str, str],
    method: str,
    file: Path,
    connections: int,
    seconds: int,
    *,
    how: str = "replay",
    drained_s: float = DRAINED_S,
) -> dict[str, Callable[[], Load]]:
    """Return how each contender is measured with the requests of a file, sent in a way that load.lua knows."""

    def measure(url: str) -> Callable[[], Load]:
        return lambda: _alone(url, connections, seconds, how, method, file, drained_s=drained_s)

    return {name: measure(url) for name, url in urls.items()}


_runs = count(1)


def fresh(
    urls: Mapping[str, str], connections: int, seconds: int, *body: str, drained_s: float = DRAINED_S
) -> dict[str, Callable[[], Load]]:
    """Return how each contender is measured with flowers that no request had before, or with bodies of a form."""

    def measure(url: str) -> Callable[[], Load]:
        return lambda: _alone(url, connections, seconds, "fresh", next(_runs), *body, drained_s=drained_s)

    return {name: measure(url) for name, url in urls.items()}


def settle(url: str, *body: str, times: int = SETTLING) -> None:
    """Send new flowers, or bodies of a form, until Foreseen calls its model where that costs least, or for a while.

    It loads a cheap model a second time after some thousands of calls, which takes it a second or two.
    """
    for _ in range(times):
        send(url, 4, 1, "fresh", next(_runs), *body)
        time.sleep(DRAINED_S)
        with urllib.request.urlopen(urljoin(url, "/metrics")) as reply:  # noqa: S310 - our own process
            if re.search(rb"^foreseen_model_calls_on_loop_total [1-9]", reply.read(), re.MULTILINE):
                return


def _alone(url: str, connections: int, seconds: int, *words: object, drained_s: float) -> Load:
    """Send load once the contender before has finished what wrk left it with."""
    with alone(url):
        time.sleep(drained_s)
        return send(url, connections, seconds, *words)


def duel(contenders: Mapping[str, Callable[[], Load]], rounds: int) -> Rounds[Load]:
    """Measure in turn, after one turn that counts for nothing: pools, caches and code paths are warm then."""
    in_turn(contenders, 1)
    return in_turn(contenders, rounds)


def add_loads(
    table: Table,
    found: Rounds[Load],
    connections: int,
    *,
    to: Sequence[str],
    value: Callable[[Load], float] | None = None,
) -> None:
    """Add a row a contender: its load, and the ratio of a value, by default the requests/s, to those that are named."""
    compared = value or per_s
    for name, loads in found.of.items():
        row = [name, str(connections), count_text(found.spread(name, per_s))]
        row += [f"{found.spread(name, latency).median / 1000:.2f}" for latency in (p50_us, p99_us)]
        row += [f"{sum(load.requests for load in loads):,}"]
        row += [ratio_text(found.ratio(name, other, compared)) if other != name else "1" for other in to]
        table.rows.append(row)


def per_s(load: Load) -> float:
    """Give the requests answered a second."""
    return load.per_s


def p50_us(load: Load) -> float:
    """Give the median latency."""
    return load.p50_us


def p99_us(load: Load) -> float:
    """Give the latency that one request in a hundred exceeds."""
    return load.p99_us
