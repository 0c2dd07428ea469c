"""What do a hit, a miss, a start and memory cost by format of the model, beside a bare reply and the library itself?"""

import json
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from bench_resident import Memory, answering, children, memory
from bench_start import seconds_to_answer
from harness.contenders import bare_command
from harness.duel import Stage, fresh, p50_us, per_s, replayed, settle, staged
from harness.formats.answers import answers_to, check_answers, check_hits
from harness.formats.examples import FORMATS, Example, not_measured
from harness.formats.library import Library, loaded
from harness.forms import FLOWER
from harness.inputs import written_lines
from harness.labels import check_bodies
from harness.options import read_options
from harness.report import count_text, ratio_text
from harness.rounds import Rounds, Spread, in_turn
from harness.wrk import Load

BARE, CALL, START = "bare", "call", "start"
ONE, MANY = 1, 16
"""Connections."""

WANTED = 2.0
"""Times bare, a hit over many connections: what the model is does not matter to it."""

CHECKED = 16
"""Instances whose answers are compared with the library's."""

SETTLING = 3
"""Times that a second of new instances is sent at most, before anything is timed."""

DRAINED_S = 0.25
"""Seconds between two measurements; these models take less for what many connections have left."""


@dataclass(frozen=True, slots=True)
class Server:
    """One that runs: the URL where instances are posted, and the processes that it consists of."""

    url: str
    pids: Sequence[int]

    def memory(self) -> Memory:
        """Return what its processes take together; what files they share counts once for each."""
        taken = [memory(pid) for pid in self.pids]
        return sum(each for each, _ in taken), sum(own for _, own in taken)


@dataclass(frozen=True, slots=True)
class Found:
    """What was measured of one format.

    Attributes:
        example: the format.
        loads: of bare, hits and misses by their connections, and of the library's own call.
        starts: seconds, of bare and of the service.
        ready: MiB that the service took once it answered.
        loaded: MiB that it took at last.
        place: where its model is called.
    """

    example: Example
    loads: Rounds[Load]
    starts: Rounds[float]
    ready: Memory
    loaded: Memory
    place: str


def main() -> None:
    with staged(read_options(str(__doc__), seconds=1)) as stage:
        stage.report.not_measured += not_measured()
        pid, url = stage.processes.enter_context(answering(bare_command()))
        bare = Server(url + FLOWER.path, [pid])
        check_bodies({BARE: bare.url})
        found = [measured(stage, example, bare) for example in FORMATS if not example.missing]
        add_one_client(stage, found)
        add_many(stage, found)
        add_starts(stage, found, bare)


def measured(stage: Stage, example: Example, bare: Server) -> Found:
    """Measure a format; nothing of it runs before or after."""
    model = example.trained(stage.folder)
    known = example.bodies(0)
    command = example.serving(model)
    checked = known[:CHECKED]
    with loaded(example.calling(model, checked)) as library, answering(command) as (pid, url):
        service = Server(url + FLOWER.path, [pid, *children(pid)])
        ready = service.memory()
        check_answers(service.url, checked, library.answers)
        for _ in range(2):  # found again, so that all of them are worth storing
            answers_to(service.url, known)
        settle(service.url, example.body, times=SETTLING)
        loads = in_turn(measures(stage, example, service, bare, library), stage.options.rounds)
        check_hits(service.url, known)
        taken, place = service.memory(), place_of_calls(service.url)
    starts = {BARE: lambda: seconds_to_answer(bare_command()), START: lambda: seconds_to_answer(command)}
    return Found(example, loads, in_turn(starts, stage.options.rounds), ready, taken, place)


def measures(
    stage: Stage, example: Example, service: Server, bare: Server, library: Library
) -> dict[str, Callable[[], Load]]:
    """Return what is measured in turn."""
    file = written_lines(stage.folder / f"{example.model}.txt", example.bodies(0))
    seconds = stage.options.seconds
    found: dict[str, Callable[[], Load]] = {CALL: lambda: library.measured(seconds)}
    for connections in (ONE, MANY):
        for name, server in (BARE, bare), ("hit", service):
            sent = replayed({name: server.url}, "POST", file, connections, seconds, drained_s=DRAINED_S)
            found[f"{name} {connections}"] = sent[name]
        sent = fresh({"miss": service.url}, connections, seconds, example.body, drained_s=DRAINED_S)
        found[f"miss {connections}"] = sent["miss"]
    return found


def place_of_calls(url: str) -> str:
    """Return where a service calls its model, as its own page says."""
    with urllib.request.urlopen(urljoin(url, "/model")) as reply:  # noqa: S310 - our own process
        said: dict[str, object] = json.loads(reply.read())
    return str(said["runs"]).partition(":")[0]


def add_one_client(stage: Stage, found: Sequence[Found]) -> None:
    """Add what one client waits for, and what the library's own call takes."""
    columns = (
        "a hit",
        "of bare",
        "a miss",
        "of bare",
        "the library's call",
        "a miss of the call",
        "n hits",
        "n misses",
    )
    table = stage.report.table("One client by POST, p50 in us", "format", *columns)
    table.rows.append([BARE, ratio_text(all_rounds(found, f"{BARE} {ONE}", p50_us)), "1", *[""] * 6])
    for each in found:
        hit, miss, bare = (f"{name} {ONE}" for name in ("hit", "miss", BARE))
        cells = [each.loads.spread(hit, p50_us), each.loads.ratio(hit, bare, p50_us)]
        cells += [each.loads.spread(miss, p50_us), each.loads.ratio(miss, bare, p50_us)]
        cells += [each.loads.spread(CALL, p50_us), each.loads.ratio(miss, CALL, p50_us)]
        table.rows.append([each.example.name, *map(ratio_text, cells), *requests(each, hit, miss)])


def add_many(stage: Stage, found: Sequence[Found]) -> None:
    """Add what many connections get, and hold the hits that are slowest against their target."""
    columns = ("hits/s", "of bare", "misses/s", "of bare", "n hits", "n misses")
    table = stage.report.table(f"{MANY} connections by POST", "format", *columns)
    hit, miss, bare = (f"{name} {MANY}" for name in ("hit", "miss", BARE))
    table.rows.append([BARE, count_text(all_rounds(found, bare, per_s)), "1", *[""] * 4])
    for each in found:
        cells = [
            text
            for name in (hit, miss)
            for text in (count_text(each.loads.spread(name, per_s)), ratio_text(each.loads.ratio(name, bare, per_s)))
        ]
        table.rows.append([each.example.name, *cells, *requests(each, hit, miss)])
    ratios = [each.loads.ratio(hit, bare, per_s) for each in found]
    question = f"{MANY} connections, a hit of the format whose hits are slowest, of bare"
    stage.report.at_least(question, min(ratios, key=lambda ratio: ratio.median), WANTED)


def add_starts(stage: Stage, found: Sequence[Found], bare: Server) -> None:
    """Add how long a start takes, and what the processes take of memory."""
    columns = ("library", "s until it answers", "of bare", "MiB: all (RSS)", "MiB of its own", "of bare")
    table = stage.report.table(
        "A start, and memory of all processes", "format", *columns, "of its own after the load", "calls run"
    )
    seconds = Spread.of([second for each in found for second in each.starts.of[BARE]])
    everything, own = bare.memory()
    table.rows.append([BARE, "uvicorn", ratio_text(seconds), "1", f"{everything:.0f}", f"{own:.0f}", "1", "", ""])
    for each in found:
        starts = [each.starts.spread(START, float), each.starts.ratio(START, BARE, float)]
        taken = [f"{each.ready[0]:.0f}", f"{each.ready[1]:.0f}", f"{each.ready[1] / own:.1f}", f"{each.loaded[1]:.0f}"]
        table.rows.append([each.example.name, each.example.library, *map(ratio_text, starts), *taken, each.place])


def all_rounds(found: Sequence[Found], name: str, value: Callable[[Load], float]) -> Spread:
    """Sum up what was measured beside each format."""
    return Spread.of([value(load) for each in found for load in each.loads.of[name]])


def requests(found: Found, *names: str) -> list[str]:
    """Return the requests behind some figures."""
    return [f"{sum(load.requests for load in found.loads.of[name]):,}" for name in names]


if __name__ == "__main__":
    main()
