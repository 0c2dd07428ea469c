"""The response of an answer: its content, and the headers that state its origin."""

from typing import Final

from foreseen.domain.answer import Answer, Origin
from foreseen.domain.counters import TIERS
from foreseen.domain.identity.cache_control import NO_DIRECTIVES, Directives
from foreseen.entrypoints.http.responses.cache_status import cache_status

_TIERS: Final = {
    Origin.L1: TIERS.index("L1"),
    Origin.L2: TIERS.index("L2"),
    Origin.COALESCED: TIERS.index("coalesced"),
    Origin.MODEL: TIERS.index("model"),
}


def content(answer: Answer, *, is_many: bool) -> bytes:
    """Return the JSON body: the object of one instance, or the list of many."""
    return b'{"predictions":[' + b",".join(answer.bodies) + b"]}" if is_many else answer.bodies[0]


def tier_of(answer: Answer) -> int:
    """Return the number of the tier that an answer counts for: the slowest origin of its instances."""
    return _TIERS[answer.slowest]


def headers(answer: Answer, wish: Directives = NO_DIRECTIVES, *, has_cache: bool, keeps: bool) -> dict[str, str]:
    """Return Cache-Status, and Server-Timing if the model computed any instance.

    Args:
        keeps: whether the cache stores new entries now.
    """
    fields = {"cache-status": cache_status(answer, wish, has_cache=has_cache, keeps=keeps)}
    if (model_us := answer.model_us) > 0:
        fields["server-timing"] = f"model;dur={model_us / 1000:g}"
    return fields
