"""What if every input is new: what do shared model calls bring, and what costs a cache that never hits?"""

from harness.contenders import naive, ours, trained, valkey
from harness.duel import CONNECTIONS, LOAD_COLUMNS, Stage, add_loads, duel, fresh, per_s, staged
from harness.options import read_options

WANTED = {16: 15, 64: 40}
"""Times naive, by connections: the more wait, the more share one call of the model."""


def main() -> None:
    with staged(read_options(str(__doc__))) as stage:
        redis_url = stage.processes.enter_context(valkey())
        expensive(stage, redis_url)
        cheap(stage, redis_url)


def expensive(stage: Stage, redis_url: str) -> None:
    """Ask a model whose call costs milliseconds, be it for one row or for hundreds."""
    model = trained("forest", stage.folder)
    started = {"naive": naive(model, redis_url), "foreseen": ours(model)}
    urls = {name: stage.processes.enter_context(contender) for name, contender in started.items()}
    table = stage.report.table("New inputs, RandomForest(100), by POST", *LOAD_COLUMNS, "of naive")
    for connections in CONNECTIONS:
        found = duel(fresh(urls, connections, stage.options.seconds), stage.options.rounds)
        add_loads(table, found, connections, to=["naive"])
        ratio = found.ratio("foreseen", "naive", per_s)
        stage.report.at_least(f"RandomForest, {connections} connections, of naive", ratio, WANTED[connections])


def cheap(stage: Stage, redis_url: str) -> None:
    """Ask a model that costs less than looking anything up."""
    model = trained("logistic", stage.folder)
    wanted = {"lru": 0.95, "tiered": 0.9}
    urls = {
        cache: stage.processes.enter_context(ours(model, "--cache", cache, "--redis-url", redis_url))
        for cache in ("none", *wanted)
    }
    table = stage.report.table("New inputs, LogisticRegression, by POST", *LOAD_COLUMNS, "of none")
    for connections in CONNECTIONS:
        found = duel(fresh(urls, connections, stage.options.seconds), stage.options.rounds)
        add_loads(table, found, connections, to=["none"])
        for cache, least in wanted.items():
            ratio = found.ratio(cache, "none", per_s)
            stage.report.at_least(f"LogisticRegression, {connections} connections, {cache} of none", ratio, least)


if __name__ == "__main__":
    main()
