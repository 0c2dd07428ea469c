"""What does a hit in the process's own memory cost, beside bare web servers and servers with a cache?"""

from collections.abc import Callable, Mapping

from harness.contenders import bare, naive, ours, trained, valkey
from harness.duel import CONNECTIONS, LOAD_COLUMNS, Stage, add_loads, duel, per_s, replayed, staged
from harness.forms import OPEN_INFERENCE
from harness.inputs import known_flowers, written, written_lines
from harness.labels import check_bodies, check_labels
from harness.optional.contender import started
from harness.optional.granian import granian
from harness.optional.mlserver import mlserver
from harness.optional.nginx import nginx
from harness.options import read_options
from harness.warming import warm, warm_to
from harness.wrk import Load

WANTED = {"bare": 2.0, "nginx": 0.7, "granian": None, "MLServer": 10.0, "naive": 10.0}
"""Times each contender; granian has no target."""


def main() -> None:
    with staged(read_options(str(__doc__))) as stage:
        urls = contenders(stage)
        for method in ("POST", "GET"):
            others = [name for name in WANTED if name in urls and (name, method) != ("MLServer", "GET")]
            table = stage.report.table(f"Hits by {method}", *LOAD_COLUMNS, *(f"of {name}" for name in others))
            for connections in CONNECTIONS:
                measured = measures(stage, {name: urls[name] for name in (*others, "foreseen")}, method, connections)
                found = duel(measured, stage.options.rounds)
                add_loads(table, found, connections, to=others)
                for name in others:
                    if wanted := WANTED[name]:
                        question = f"{method}, {connections} connections, a hit in L1, of {name}"
                        stage.report.at_least(question, found.ratio("foreseen", name, per_s), wanted)


def contenders(stage: Stage) -> dict[str, str]:
    """Start them, their answers checked and every flower known to each."""
    model = trained("forest", stage.folder)
    redis_url = stage.processes.enter_context(valkey())
    web = {"bare": stage.processes.enter_context(bare())}
    web |= started([nginx(), granian()], stage.processes, stage.report)
    cached = started([mlserver(model)], stage.processes, stage.report)
    cached |= {
        "naive": stage.processes.enter_context(naive(model, redis_url)),
        "foreseen": stage.processes.enter_context(ours(model)),
    }
    check_bodies(web)
    check_labels(cached, model)
    for url in cached.values():
        warm(url, known_flowers())
    warm_to(cached["foreseen"], known_flowers(), expected="foreseen; hit; detail=L1")
    return web | cached


def measures(stage: Stage, urls: Mapping[str, str], method: str, connections: int) -> Mapping[str, Callable[[], Load]]:
    """Return how each is measured with the flowers in its own form."""
    flowers, seconds = known_flowers(), stage.options.seconds
    plain = written(stage.folder, flowers)[method]
    tensors = written_lines(stage.folder / "tensors.txt", list(map(OPEN_INFERENCE.body, flowers)))
    files = {name: tensors if name == "MLServer" else plain for name in urls}
    return {name: replayed({name: url}, method, files[name], connections, seconds)[name] for name, url in urls.items()}


if __name__ == "__main__":
    main()
