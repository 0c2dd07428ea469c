"""How many instances are answered a second when a hundred come in one request?"""

from collections.abc import Sequence

from harness.contenders import ours, trained
from harness.duel import CONNECTIONS, Stage, duel, p50_us, p99_us, per_s, replayed, staged
from harness.inputs import Flower, as_json, known_flowers, written_lines
from harness.options import read_options
from harness.report import count_text, ratio_text
from harness.warming import warm_to

MANY = 100
WANTED = 12


def main() -> None:
    with staged(read_options(str(__doc__))) as stage:
        flowers = known_flowers()[:MANY]
        url = stage.processes.enter_context(ours(trained("forest", stage.folder)))
        warm_to(url, flowers, expected="foreseen; hit; detail=L1")
        table = stage.report.table(
            "Instances that hit, by POST",
            "form", "connections", "instances/s", "us an instance", "p50 ms", "p99 ms", "n requests", "of one",
        )  # fmt: skip
        for connections in CONNECTIONS:
            compare(stage, url, flowers, connections, table.rows)


def compare(stage: Stage, url: str, flowers: Sequence[Flower], connections: int, rows: list[list[str]]) -> None:
    """Send one instance a request and a hundred, the latter in both forms."""
    bodies = {
        "one": [as_json(flower) for flower in flowers],
        "100 objects": [as_json({"instances": flowers})],
        "100 rows": [as_json({"instances": [list(flower.values()) for flower in flowers]})],
    }
    files = {name: written_lines(stage.folder / f"{name}.txt", lines) for name, lines in bodies.items()}
    measures = {
        name: replayed({name: url}, "POST", file, connections, stage.options.seconds)[name]
        for name, file in files.items()
    }
    found = duel(measures, stage.options.rounds)
    for name, loads in found.of.items():
        size = 1 if name == "one" else MANY
        rate, ratio = found.spread(name, per_s).times(size), found.ratio(name, "one", per_s).times(size)
        latencies = [f"{found.spread(name, value).median / 1000:.2f}" for value in (p50_us, p99_us)]
        n = f"{sum(load.requests for load in loads):,}"
        cost = f"{1e6 / rate.median:.2f}"
        rows.append([name, str(connections), count_text(rate), cost, *latencies, n, ratio_text(ratio)])
        if size == MANY:
            stage.report.at_least(f"{name}, {connections} connections, instances/s of one", ratio, WANTED)


if __name__ == "__main__":
    main()
