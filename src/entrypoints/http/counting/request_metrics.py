"""Metrics of requests: how many, how long they took, and what the cache has saved."""

from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

from foreseen.domain.counters import DURATION_BOUNDS_NS, LINES_DROPPED, MAX_STATUSES, REQUESTS, SAVED, TIERS, Tally
from foreseen.entrypoints.http.counting.counted_routes import PREDICT, ROUTES, STATUSES

_BOUNDS: Final = (*(f"{bound / 1e9:g}" for bound in DURATION_BOUNDS_NS), "+Inf")


def request_metrics(tally: Tally) -> Iterator[Metric]:
    """Yield the metric families of requests, from the sums of all processes."""
    yield _requests(tally)
    yield _durations(tally)
    saved = CounterMetricFamily(
        "foreseen_model_seconds_saved",
        "Model time saved by instances that were not computed again, by where they were found.",
        labels=["tier"],
    )
    for place, tier in enumerate(TIERS[:-1], start=SAVED):
        saved.add_metric([tier], tally.counts[place])
    yield saved
    yield CounterMetricFamily(
        "foreseen_access_log_dropped_lines",
        "Access log lines dropped because standard error was too slow.",
        tally.counts[LINES_DROPPED],
    )


def _requests(tally: Tally) -> Metric:
    """Return requests by route and status; predictions answered with 200 are counted by tier alone, and summed here."""
    requests = CounterMetricFamily(
        "foreseen_requests", "Requests by route and status of the answer.", labels=["route", "status"]
    )
    answered = sum(sum(tally.durations(tier)[0]) for tier in range(len(TIERS)))
    for number, route in enumerate(ROUTES):
        for place, status in enumerate(STATUSES, start=REQUESTS + number * MAX_STATUSES):
            is_answered = (route, status) == (PREDICT, "200")
            count = tally.counts[place] + (answered if is_answered else 0)
            if count or is_answered:  # few of the 400 pairs ever occur
                requests.add_metric([route, status], count)
    return requests


def _durations(tally: Tally) -> Metric:
    durations = HistogramMetricFamily(
        "foreseen_predict_seconds",
        "Seconds until predictions were answered, by the slowest tier that an instance came from.",
        labels=["tier"],
    )
    for number, tier in enumerate(TIERS):
        groups, seconds = tally.durations(number)
        durations.add_metric([tier], list(zip(_BOUNDS, map(float, accumulate(groups)), strict=True)), seconds)
    return durations
