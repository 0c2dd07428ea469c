"""What if every input is new: what do shared model calls bring, and what costs a cache that never hits?"""

from harness.contenders import ours, trained, valkey
from harness.duel import CONNECTIONS, LOAD_COLUMNS, Stage, add_loads, duel, fresh, per_s, settle, staged
from harness.forest_services import forest_services
from harness.options import read_options

WANTED = {
    16: {"LitServe": 10, "naive": 60},
    64: {"LitServe": 10, "naive": 150},
}
"""Times a contender, by connections: the more wait, the more share one call of the model."""


def main() -> None:
    with staged(read_options(str(__doc__))) as stage:
        redis_url = stage.processes.enter_context(valkey())
        expensive(stage, redis_url)
        cheap(stage, redis_url)


def expensive(stage: Stage, redis_url: str) -> None:
    """Send inputs to a model whose call costs the library milliseconds, be it for one row or for hundreds."""
    _, web, services = forest_services(stage, redis_url)
    others = [*web, *services][:-1]
    table = stage.report.table(
        "New inputs, RandomForest(100), by POST", *LOAD_COLUMNS, *(f"of {name}" for name in others)
    )
    for connections in CONNECTIONS:
        found = duel(fresh(web | services, connections, stage.options.seconds), stage.options.rounds)
        add_loads(table, found, connections, to=others)
        for name, wanted in WANTED[connections].items():
            if name in services:
                ratio = found.ratio("foreseen", name, per_s)
                stage.report.at_least(f"RandomForest, {connections} connections, of {name}", ratio, wanted)


def cheap(stage: Stage, redis_url: str) -> None:
    """Send inputs to a model that costs less than looking anything up."""
    model = trained("logistic", stage.folder)
    wanted = {"lru": 0.97, "tiered": 0.95}
    urls = {
        cache: stage.processes.enter_context(ours(model, "--cache", cache, "--redis-url", redis_url))
        for cache in ("none", *wanted)
    }
    for url in urls.values():
        settle(url)
    table = stage.report.table("New inputs, LogisticRegression, by POST", *LOAD_COLUMNS, "of none")
    for connections in CONNECTIONS:
        found = duel(fresh(urls, connections, stage.options.seconds), stage.options.rounds)
        add_loads(table, found, connections, to=["none"])
        for cache, least in wanted.items():
            ratio = found.ratio(cache, "none", per_s)
            stage.report.at_least(f"LogisticRegression, {connections} connections, {cache} of none", ratio, least)


if __name__ == "__main__":
    main()
