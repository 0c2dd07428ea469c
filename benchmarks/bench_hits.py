"""What does a hit in the process's own memory cost, beside the bare web server and the tutorial's application?"""

from harness.contenders import bare, naive, ours, trained, valkey
from harness.duel import CONNECTIONS, LOAD_COLUMNS, Stage, add_loads, duel, per_s, replayed, staged
from harness.inputs import known_flowers, warm, warm_to, written
from harness.options import read_options


def main() -> None:
    with staged(read_options(str(__doc__))) as stage:
        urls = contenders(stage)
        for method, file in written(stage.folder, known_flowers()).items():
            table = stage.report.table(f"Hits by {method}", *LOAD_COLUMNS, "of bare", "of naive")
            for connections in CONNECTIONS:
                found = duel(replayed(urls, method, file, connections, stage.options.seconds), stage.options.rounds)
                add_loads(table, found, connections, to=("bare", "naive"))
                told = f"{method}, {connections} connections, a hit in L1"
                stage.report.at_least(f"{told}, of bare", found.ratio("foreseen", "bare", per_s), 0.8)
                stage.report.at_least(f"{told}, of naive", found.ratio("foreseen", "naive", per_s), 10)


def contenders(stage: Stage) -> dict[str, str]:
    """Start them, every flower known to each."""
    model = trained("forest", stage.folder)
    redis_url = stage.processes.enter_context(valkey())
    started = {"bare": bare(), "naive": naive(model, redis_url), "foreseen": ours(model)}
    urls = {name: stage.processes.enter_context(contender) for name, contender in started.items()}
    warm(urls["naive"], known_flowers())
    warm_to(urls["foreseen"], known_flowers(), expected="foreseen; hit; detail=L1")
    return urls


if __name__ == "__main__":
    main()
