"""What does a hit cost whose head is like none before, by headers that name its trace and the request?"""

from harness.contenders import bare, ours, trained
from harness.duel import CONNECTIONS, LOAD_COLUMNS, add_loads, duel, per_s, replayed, staged
from harness.inputs import known_flowers, written
from harness.labels import check_bodies, check_labels
from harness.options import read_options
from harness.warming import warm_to

WANTED = 1.7


def main() -> None:
    with staged(read_options(str(__doc__))) as stage:
        model = trained("forest", stage.folder)
        urls = {
            "bare": stage.processes.enter_context(bare()),
            "foreseen": stage.processes.enter_context(ours(model)),
        }
        check_bodies({"bare": urls["bare"]})
        check_labels({"foreseen": urls["foreseen"]}, model)
        warm_to(urls["foreseen"], known_flowers(), expected="foreseen; hit; detail=L1")
        for method, file in written(stage.folder, known_flowers()).items():
            title = f"Hits by {method}, a traceparent and an x-request-id of its own in each"
            table = stage.report.table(title, *LOAD_COLUMNS, "of bare")
            for connections in CONNECTIONS:
                measured = replayed(urls, method, file, connections, stage.options.seconds, how="traced")
                found = duel(measured, stage.options.rounds)
                add_loads(table, found, connections, to=["bare"])
                question = f"{method}, {connections} connections, a hit with headers of its own, of bare"
                stage.report.at_least(question, found.ratio("foreseen", "bare", per_s), WANTED)


if __name__ == "__main__":
    main()
