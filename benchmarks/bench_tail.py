"""How long does a hit wait while the model is busy with something else?"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.contenders import ours, trained
from harness.duel import Stage, duel, p50_us, p99_us, per_s, replayed, staged
from harness.inputs import known_flowers, written
from harness.options import read_options
from harness.processes import end
from harness.report import count_text, ratio_text
from harness.warming import warm_to
from harness.wrk import Load, start

MODELS = {
    "forest": "is a forest",
    "sleeping": "sleeps",
    "multiplying": "computes in numpy",
    "looping": "computes in Python",
}
"""A forest of 100 trees, and models that take 500 ms."""

HIT_CONNECTIONS = (1, 16)
MISS_CONNECTIONS = 4
WANTED, WANTED_BESIDE_A_FOREST = 5, 3
DRAINED_S = 1.5
"""Seconds after which no call is under way that was asked for: one that had begun, and one for all that waited."""

HITS = 8
"""Flowers that are asked for again and again; each takes a call of the slow model to become known."""


def main() -> None:
    with staged(read_options(str(__doc__), seconds=3)) as stage:
        table = stage.report.table(
            "Hits by POST while the model is called, over and over",
            "the model", "connections", "", "hits/s", "p50 ms", "p99 ms", "n", "p99 of idle",
        )  # fmt: skip
        file = written(stage.folder, known_flowers()[:HITS])["POST"]
        for model, words in MODELS.items():
            with ours(trained(model, stage.folder)) as url:
                warm_to(url, known_flowers()[:HITS], expected="foreseen; hit; detail=L1")
                for connections in HIT_CONNECTIONS:
                    compare(stage, url, file, connections, words, table.rows)


def compare(stage: Stage, url: str, file: Path, connections: int, words: str, rows: list[list[str]]) -> None:
    """Measure the hits of one service, the model idle and busy in turn."""
    options = stage.options
    idle = replayed({"idle": url}, "POST", file, connections, options.seconds)["idle"]

    def busy() -> Load:
        with missing(url, options.seconds + 2):
            return idle()

    found = duel({"idle": idle, "busy": busy}, options.rounds)
    for name, loads in found.of.items():
        latencies = [f"{found.spread(name, value).median / 1000:.2f}" for value in (p50_us, p99_us)]
        n = f"{sum(load.requests for load in loads):,}"
        ratio = ratio_text(found.ratio(name, "idle", p99_us)) if name != "idle" else "1"
        rows.append([words, str(connections), name, count_text(found.spread(name, per_s)), *latencies, n, ratio])
    most = WANTED_BESIDE_A_FOREST if words == MODELS["forest"] else WANTED
    told = f"the model {words}, {connections} connections, p99 of a hit of its idle p99"
    stage.report.at_most(told, found.ratio("busy", "idle", p99_us), most)


@contextmanager
def missing(url: str, seconds: int) -> Iterator[None]:
    """Keep the model busy until the block ends."""
    with start(url, MISS_CONNECTIONS, seconds, "fresh", time.time_ns() // 1000 % 10**9) as process:
        time.sleep(0.6)  # the first call is under way
        try:
            yield
        finally:
            end(process)
            process.communicate()
            time.sleep(DRAINED_S)


if __name__ == "__main__":
    main()
