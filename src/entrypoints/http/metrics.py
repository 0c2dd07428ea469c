"""Metrics: the tally as Prometheus text, read when it is scraped."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from foreseen.domain.tally import Tally


def exposition(tally: Tally) -> tuple[bytes, str]:
    """Give the counters as text, and its media type."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_TallyCollector(tally))
    return generate_latest(registry), CONTENT_TYPE_LATEST


class _TallyCollector(Collector):
    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def collect(self) -> Iterator[Metric]:
        tally = self._tally
        hits = CounterMetricFamily("foreseen_hits", "Instances answered from a cache, by tier.", labels=["tier"])
        hits.add_metric(["L1"], tally.hits_l1)
        hits.add_metric(["L2"], tally.hits_l2)
        yield hits
        yield CounterMetricFamily("foreseen_misses", "Instances that no cache knew.", tally.misses)
        yield CounterMetricFamily("foreseen_coalesced", "Instances that waited for another request's.", tally.coalesced)
        yield CounterMetricFamily("foreseen_model_calls", "Calls of the model.", tally.model_calls)
        yield CounterMetricFamily("foreseen_model_rows", "Instances that the model computed.", tally.model_rows)
        yield CounterMetricFamily("foreseen_model_seconds", "Seconds spent in the model.", tally.model_seconds)
