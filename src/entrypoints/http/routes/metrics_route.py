"""Metrics: the totals of all processes in Prometheus's text format, computed for each scrape."""

from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Final

from fastapi import APIRouter
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from starlette.responses import Response

from foreseen.domain.counters import (
    CALLS_ON_LOOP,
    CORRUPT,
    CORRUPTIONS,
    DROPPED,
    ENGINES_OFF,
    HITS_L1,
    HITS_L2,
    L2_GET_SECONDS,
    L2_GETS,
    L2_PUT_SECONDS,
    L2_PUTS,
    OUTAGE,
    OUTAGES,
    REJECTED,
    ROW_BOUNDS,
    Tally,
)
from foreseen.entrypoints.http.counting.request_metrics import request_metrics
from foreseen.entrypoints.http.counting.service_counts import ServiceCounts, Totals
from foreseen.entrypoints.http.responses.problems import REASONS

GAUGES: Final[Mapping[str, str]] = {
    "model_waiting_instances": "Instances waiting for the model, summed over processes.",
    "l1_entries": "Predictions in L1, summed over processes; one held by several counts several times.",
    "l1_bytes": "Estimated memory of these predictions, summed over processes.",
    "l1_store_share": "Share of computed predictions stored in L1, 1 while that saves time, summed over processes.",
    "l2_in_use": "Processes that use the shared cache now; fewer than foreseen_processes while it fails or is slow.",
    "l2_disabled_nodes": "Nodes of a Redis Cluster disabled by themselves, summed over processes.",
    "l2_lookup_share": "Share of keys looked up in the shared cache, 1 while that saves time, summed over processes.",
    "l2_waiting_entries": "Predictions queued for the shared cache, summed over processes.",
}
"""Name and meaning of each gauge that there may be."""


def metrics_router(counts: ServiceCounts, info: Mapping[str, str]) -> APIRouter:
    """Return the route GET /metrics; `info` has the labels of foreseen_build_info."""
    router = APIRouter(tags=["about"])

    @router.get("/metrics", summary="Metrics for Prometheus", response_class=Response)
    async def metrics() -> Response:
        return Response(exposition(counts.totals(), info), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return router


def exposition(totals: Totals, info: Mapping[str, str]) -> bytes:
    """Return totals in Prometheus's text format, UTF-8."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(totals, info))
    return generate_latest(registry)


class _Collector(Collector):
    def __init__(self, totals: Totals, info: Mapping[str, str]) -> None:
        self._totals = totals
        self._info = info

    def collect(self) -> Iterator[Metric]:
        yield from families(self._totals, self._info)


def families(totals: Totals, info: Mapping[str, str]) -> Iterator[Metric]:
    """Yield all families of a model's totals; `info` has the labels of foreseen_build_info."""
    yield from _info(info)
    yield from _answers(totals.tally)
    yield from request_metrics(totals.tally)
    yield from _model(totals.tally)
    yield from _shared_cache(totals.tally)
    yield from _gauges(totals)


def _info(facts: Mapping[str, str]) -> Iterator[Metric]:
    info = GaugeMetricFamily(
        "foreseen_build_info", "Version, cache and model that are served; always 1.", labels=list(facts)
    )
    info.add_metric(list(facts.values()), 1)
    yield info


def _answers(tally: Tally) -> Iterator[Metric]:
    hits = CounterMetricFamily("foreseen_hits", "Instances found in a cache, by tier.", labels=["tier"])
    hits.add_metric(["L1"], tally.counts[HITS_L1])
    hits.add_metric(["L2"], tally.counts[HITS_L2])
    yield hits
    yield CounterMetricFamily("foreseen_misses", "Instances found in no cache.", tally.misses)
    yield CounterMetricFamily(
        "foreseen_coalesced",
        "Instances that waited for a computation begun by another request.",
        tally.coalesced,
    )
    rejected = CounterMetricFamily(
        "foreseen_rejected_requests",
        "Requests answered with a problem document, by its type and status.",
        labels=["type", "status"],
    )
    for number, (kind, status) in enumerate(REASONS):
        rejected.add_metric([kind, str(status)], tally.counts[REJECTED + number])
    yield rejected


def _model(tally: Tally) -> Iterator[Metric]:
    yield CounterMetricFamily("foreseen_model_calls", "Model calls.", tally.model_calls)
    yield CounterMetricFamily(
        "foreseen_model_calls_on_loop",
        "Model calls on the event loop, which cost less than sending them to the model's process.",
        tally.counts[CALLS_ON_LOOP],
    )
    yield CounterMetricFamily(
        "foreseen_model_engines_off",
        "Engines turned off, since an answer differed from the library's; the model's predictions were purged.",
        tally.counts[ENGINES_OFF],
    )
    yield CounterMetricFamily("foreseen_model_rows", "Instances computed by the model.", tally.model_rows)
    yield CounterMetricFamily("foreseen_model_seconds", "Time spent in model calls.", tally.model_seconds)
    bounds = [*(str(float(bound)) for bound in ROW_BOUNDS), "+Inf"]
    buckets = list(zip(bounds, map(float, accumulate(tally.model_calls_by_rows)), strict=True))
    yield HistogramMetricFamily(
        "foreseen_model_batch_rows", "Model calls by number of rows.", buckets, tally.model_rows
    )


def _shared_cache(tally: Tally) -> Iterator[Metric]:
    calls = CounterMetricFamily("foreseen_l2_calls", "Shared cache calls, by operation.", labels=["operation"])
    calls.add_metric(["get"], tally.counts[L2_GETS])
    calls.add_metric(["put"], tally.counts[L2_PUTS])
    yield calls
    seconds = CounterMetricFamily(
        "foreseen_l2_seconds", "Time spent in shared cache calls, by operation.", labels=["operation"]
    )
    seconds.add_metric(["get"], tally.counts[L2_GET_SECONDS])
    seconds.add_metric(["put"], tally.counts[L2_PUT_SECONDS])
    yield seconds
    corrupt = CounterMetricFamily(
        "foreseen_l2_corrupt_entries",
        "Shared cache entries that failed verification and were not served, by kind of corruption.",
        labels=["corruption"],
    )
    for place, what in enumerate(CORRUPTIONS, start=CORRUPT):
        corrupt.add_metric([what], tally.counts[place])
    yield corrupt
    outages = CounterMetricFamily(
        "foreseen_l2_outages",
        "Times that a process disabled the shared cache, or a node of it, by reason.",
        labels=["reason"],
    )
    for place, why in enumerate(OUTAGES, start=OUTAGE):
        outages.add_metric([why], tally.counts[place])
    yield outages
    yield CounterMetricFamily(
        "foreseen_l2_dropped_entries",
        "Predictions dropped before they were written to the shared cache.",
        tally.counts[DROPPED],
    )


def _gauges(totals: Totals) -> Iterator[Metric]:
    for name, meaning in GAUGES.items():
        if name in totals.gauges:
            yield GaugeMetricFamily(f"foreseen_{name}", meaning, totals.gauges[name])
    yield GaugeMetricFamily("foreseen_processes", "Serving processes, whose gauges are summed.", totals.processes)
