"""What does a hit in Redis cost, where no process keeps anything itself?"""

import re
import urllib.request
from urllib.parse import urljoin

from harness.contenders import bare, naive, ours, trained, valkey
from harness.duel import CONNECTIONS, LOAD_COLUMNS, Stage, add_loads, duel, per_s, replayed, staged
from harness.inputs import known_flowers, written
from harness.labels import check_bodies, check_labels
from harness.options import read_options
from harness.rounds import Spread
from harness.warming import warm, warm_to

MEANT = 64
"""Connections that the targets are for: a few callers alone have nothing to share a round trip with."""

COUNTERS = ('hits_total{tier="L2"}', "misses_total", "coalesced_total")


def main() -> None:
    with staged(read_options(str(__doc__))) as stage:
        urls = contenders(stage)
        file = written(stage.folder, known_flowers())["POST"]
        table = stage.report.table("Hits in Redis by POST", *LOAD_COLUMNS, "of bare", "of naive")
        origins = stage.report.table("Where Foreseen's answers came from", "connections", "from Redis", "n")
        for connections in CONNECTIONS:
            before = answered(urls["foreseen"])
            found = duel(replayed(urls, "POST", file, connections, stage.options.seconds), stage.options.rounds)
            add_loads(table, found, connections, to=("bare", "naive"))
            from_redis, every = (now - then for now, then in zip(answered(urls["foreseen"]), before, strict=True))
            share = from_redis / every
            origins.rows.append([str(connections), f"{share:.1%}", f"{every:,.0f}"])
            if connections == MEANT:
                # What the guard kept from Redis, and the model answered, is no hit.
                stage.report.at_least(
                    f"{connections} connections, the share that was a hit in L2", Spread.of([share]), 0.99
                )
                told = f"{connections} connections, a hit in L2"
                stage.report.at_least(f"{told}, of bare", found.ratio("foreseen", "bare", per_s), 0.55)
                stage.report.at_least(f"{told}, of naive", found.ratio("foreseen", "naive", per_s), 5)


def contenders(stage: Stage) -> dict[str, str]:
    """Start them, every flower known to Redis."""
    model = trained("forest", stage.folder)
    redis_url = stage.processes.enter_context(valkey())
    served = ours(model, "--cache", "redis", "--redis-url", redis_url)
    started = {"bare": bare(), "naive": naive(model, redis_url), "foreseen": served}
    urls = {name: stage.processes.enter_context(contender) for name, contender in started.items()}
    check_bodies({"bare": urls["bare"]})
    check_labels({name: urls[name] for name in ("naive", "foreseen")}, model)
    warm(urls["naive"], known_flowers())
    warm_to(urls["foreseen"], known_flowers(), expected="foreseen; hit; detail=L2")
    return urls


def answered(url: str) -> tuple[float, float]:
    """Give how many instances Foreseen answered from Redis so far, and how many in all."""
    with urllib.request.urlopen(urljoin(url, "/metrics")) as reply:  # noqa: S310 - our own process
        told = dict(re.findall(r"^foreseen_(\S+) (\S+)$", reply.read().decode(), re.MULTILINE))
    counts = {name: float(told[name]) for name in COUNTERS}
    return counts[COUNTERS[0]], sum(counts.values())


if __name__ == "__main__":
    main()
