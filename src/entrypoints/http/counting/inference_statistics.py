"""InferenceStatistics: the counts of predictions, in the words of the Open Inference Protocol's statistics."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from foreseen.domain.counters import L2_GET_SECONDS, L2_PUT_SECONDS, MAX_STATUSES, REQUESTS, TIERS, Tally
from foreseen.entrypoints.http.counting.counted_routes import ROUTES, STATUSES, is_predicting

_PREDICTING: Final = tuple(number for number, route in enumerate(ROUTES) if is_predicting(route))
_FAILED: Final = tuple(number for number, status in enumerate(STATUSES) if status.isdigit() and status >= "400")
_CACHES: Final = (TIERS.index("L1"), TIERS.index("L2"))


@dataclass(frozen=True, slots=True)
class Duration:
    """How often something was done, and how long all of it took, ns; 0 ns where that is not measured."""

    count: int
    ns: int


class InferenceStatistics(NamedTuple):
    """Counts since the start, of all protocols and all processes.

    Attributes:
        inferences: instances that the model computed.
        executions: calls of the model.
        success: requests that were answered with predictions.
        fail: requests for predictions that were answered with an error.
        compute: calls of the model, and the time in it.
        hit: instances that a cache held, and the time of the requests that were answered by caches alone.
        miss: instances that no cache held, and the time for looking up and storing in the shared cache.
    """

    inferences: int
    executions: int
    success: Duration
    fail: Duration
    compute: Duration
    hit: Duration
    miss: Duration


def inference_statistics(tally: Tally) -> InferenceStatistics:
    """Return the statistics of a tally."""
    tiers = [tally.durations(tier) for tier in range(len(TIERS))]
    counts = tally.counts
    failed = sum(counts[REQUESTS + route * MAX_STATUSES + status] for route in _PREDICTING for status in _FAILED)
    calls = tally.model_calls
    return InferenceStatistics(
        inferences=tally.model_rows,
        executions=calls,
        success=Duration(sum(sum(groups) for groups, _ in tiers), _ns(sum(seconds for _, seconds in tiers))),
        fail=Duration(int(failed), 0),
        compute=Duration(calls, _ns(tally.model_seconds)),
        hit=Duration(tally.hits_l1 + tally.hits_l2, _ns(sum(tiers[tier][1] for tier in _CACHES))),
        miss=Duration(tally.misses + tally.coalesced, _ns(counts[L2_GET_SECONDS] + counts[L2_PUT_SECONDS])),
    )


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)
