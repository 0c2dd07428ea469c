"""How long does one client wait for one new input after another, beside calling the model itself and a bare reply?"""

from dataclasses import replace

from harness.contenders import valkey
from harness.duel import LOAD_COLUMNS, add_loads, duel, fresh, p50_us, staged
from harness.forest_services import forest_services
from harness.lone import predicted_alone
from harness.options import read_options
from harness.rounds import Rounds
from harness.wrk import Load

WANTED = 0.15
PREDICT, SUM = "model.predict", "model.predict and bare"


def main() -> None:
    with staged(read_options(str(__doc__))) as stage:
        model, web, services = forest_services(stage, stage.processes.enter_context(valkey()))
        alone = {PREDICT: predicted_alone(model, stage.options.seconds)}
        found = with_sum(duel(alone | fresh(web | services, 1, stage.options.seconds), stage.options.rounds))
        title = "One client, RandomForest(100), one new input after another"
        table = stage.report.table(title, *LOAD_COLUMNS, f"p50 of {SUM}")
        add_loads(table, found, 1, to=[SUM], value=p50_us)
        question = f"p50 of foreseen, of {SUM}"
        stage.report.at_most(question, found.ratio("foreseen", SUM, p50_us), WANTED)


def with_sum(found: Rounds[Load]) -> Rounds[Load]:
    """Add what a request would take that costs nothing but a bare reply and a call of the model."""
    both = zip(found.of[PREDICT], found.of["bare"], strict=True)
    return Rounds({**found.of, SUM: [_sum_of(call, reply) for call, reply in both]})


def _sum_of(call: Load, reply: Load) -> Load:
    p50_us = call.p50_us + reply.p50_us
    return replace(call, per_s=1e6 / p50_us, p50_us=p50_us, p99_us=call.p99_us + reply.p99_us)


if __name__ == "__main__":
    main()
