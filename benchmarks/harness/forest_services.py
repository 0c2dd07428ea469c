"""The services that answer new inputs by one forest, each checked before it is measured."""

from pathlib import Path
from typing import NamedTuple

from harness.contenders import bare, naive, ours, trained
from harness.duel import Stage, settle
from harness.labels import check_bodies, check_labels
from harness.optional.contender import started
from harness.optional.litserve import litserve
from harness.optional.mlserver import mlserver


class ForestServices(NamedTuple):
    """What runs.

    Attributes:
        model: the file of the forest.
        web: URLs of bare web servers, by name.
        services: URLs of those that call the model, by name; Foreseen is the last.
    """

    model: Path
    web: dict[str, str]
    services: dict[str, str]


def forest_services(stage: Stage, redis_url: str) -> ForestServices:
    """Start them until the stage ends, and send Foreseen new inputs until its calls run where they will."""
    model = trained("forest", stage.folder)
    web = {"bare": stage.processes.enter_context(bare())}
    services = started([litserve(model), mlserver(model)], stage.processes, stage.report)
    services |= {
        "naive": stage.processes.enter_context(naive(model, redis_url)),
        "foreseen": stage.processes.enter_context(ours(model)),
    }
    check_bodies(web)
    check_labels(services, model)
    settle(services["foreseen"])
    return ForestServices(model, web, services)
