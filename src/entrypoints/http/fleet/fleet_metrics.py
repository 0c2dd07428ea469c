"""Metrics of several models: the families of each, with the labels model and version."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from fastapi import APIRouter
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from starlette.responses import Response

from foreseen.entrypoints.http.counting.service_counts import ServiceCounts
from foreseen.entrypoints.http.fleet.fleet import Fleet
from foreseen.entrypoints.http.fleet.fleet_map import Member
from foreseen.entrypoints.http.routes.metrics_route import families
from foreseen.entrypoints.http.service.application import build_info

_PROCESSES: Final = "foreseen_processes"
"""The family that is about the service as a whole."""

_OF_REQUESTS: Final = ("foreseen_requests", "foreseen_rejected_requests", "foreseen_access_log_dropped_lines")
"""The families that count also what is for no model; lines of the access log are all dropped by the whole."""


def fleet_metrics_router(fleet: Fleet, counts: ServiceCounts) -> APIRouter:
    """Return the route GET /metrics; `counts` are those of requests that are for no model."""
    router = APIRouter(tags=["about"])

    @router.get("/metrics", summary="Metrics for Prometheus", response_class=Response)
    async def metrics() -> Response:
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Families(_merged(_labelled(fleet, counts))))
        return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return router


class _Families(Collector):
    def __init__(self, merged: Iterable[Metric]) -> None:
        self._merged = list(merged)

    def collect(self) -> Iterator[Metric]:
        yield from self._merged


def _labelled(fleet: Fleet, counts: ServiceCounts) -> Iterator[tuple[Mapping[str, str], Iterable[Metric]]]:
    """Yield the families of each model with its labels; none where a single one is served, as without a fleet."""
    members = list(fleet.current.members)
    of_none = {each.name: each for each in families(counts.totals(), {})}
    if len(members) == 1:
        # Requests for no model, such as those of probes, are counted with those of the only one.
        yield {}, _summed(_of(members[0]), of_none)
        return
    for member in members:
        labels = {"model": member.plan.name, "version": member.plan.version}
        about, *own = [each for each in _of(member) if each.name != _PROCESSES]
        # It has a label version already, that of Foreseen.
        yield {"model_version": member.plan.version}, [about]
        yield labels, own
    # An empty label is the same as none, so that sums by model have the requests of no model apart.
    yield {"model": "", "version": ""}, [of_none[name] for name in _OF_REQUESTS]
    yield {}, [of_none[_PROCESSES]]


def _summed(own: Iterable[Metric], of_none: Mapping[str, Metric]) -> Iterator[Metric]:
    for family in own:
        if family.name in _OF_REQUESTS:
            sums = {tuple(sample.labels.items()): sample for sample in family.samples}
            for sample in of_none[family.name].samples:
                key = tuple(sample.labels.items())
                sums[key] = sample if key not in sums else sample._replace(value=sample.value + sums[key].value)
            family.samples = list(sums.values())
        yield family


def _of(member: Member) -> Iterator[Metric]:
    service = member.parts.front.service
    return families(member.parts.counts.totals(), build_info(service.predict, service.settings))


def _merged(labelled: Iterable[tuple[Mapping[str, str], Iterable[Metric]]]) -> Iterable[Metric]:
    """Return families of which no two have the same name, nor two of their samples the same labels."""
    by_name: dict[str, Metric] = {}
    for labels, found in labelled:
        for family in found:
            whole = by_name.setdefault(family.name, Metric(family.name, family.documentation, family.type))
            for sample in family.samples:
                all_labels = {**sample.labels, **labels}
                whole.add_sample(sample.name, all_labels, sample.value, sample.timestamp, sample.exemplar)
    return by_name.values()
