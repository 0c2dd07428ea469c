"""The response of an answer: its content, and the headers that state its origin."""

from collections.abc import Iterable
from typing import Final

from foreseen.domain.answer import Answer, Origin
from foreseen.domain.counters import TIERS

BYPASSED: Final = "foreseen; fwd=bypass"
"""Cache-Status if no cache was involved: the answer is an error, or there is no cache."""

NOT_MODIFIED: Final = "foreseen; hit; detail=etag"
"""Cache-Status if the client has the answer already."""

_TIERS: Final = {
    Origin.L1: TIERS.index("L1"),
    Origin.L2: TIERS.index("L2"),
    Origin.COALESCED: TIERS.index("coalesced"),
    Origin.MODEL: TIERS.index("model"),
}


def content_of_many(bodies: Iterable[bytes]) -> bytes:
    """Return the JSON body of a list of answers, each a JSON object."""
    return b'{"predictions":[' + b",".join(bodies) + b"]}"


def content(answer: Answer, *, is_many: bool) -> bytes:
    """Return the JSON body: the object of one instance, or the list of many."""
    if is_many:
        return content_of_many(answer.bodies)
    entry, _ = answer.landed[0]
    return entry.body


def tier_of(answer: Answer) -> int:
    """Return the number of the tier by which an answer is counted: the slowest origin of its instances."""
    return max([_TIERS[origin] for origin in answer.counts])


def headers(answer: Answer, *, has_cache: bool, stores: bool, is_recomputed: bool = False) -> dict[str, str]:
    """Return Cache-Status, and Server-Timing if the model computed any instance; arguments as of `cache_status`."""
    status = cache_status(answer, has_cache=has_cache, stores=stores, is_recomputed=is_recomputed)
    fields = {"cache-status": status}
    if (model_us := answer.model_us) > 0:
        fields["server-timing"] = f"model;dur={model_us / 1000:g}"
    return fields


def cache_status(answer: Answer, *, has_cache: bool, stores: bool, is_recomputed: bool = False) -> str:
    """Return the value of Cache-Status (RFC 9211): the origin of the instances, with counts where there are several.

    Args:
        stores: whether new entries are stored: the cache is in use, and the request allows it.
        is_recomputed: whether the request demanded a new computation.
    """
    if not has_cache:
        return BYPASSED
    stored = "; stored" if stores else ""
    if is_recomputed:
        return "foreseen; fwd=request" + stored
    counts = answer.counts
    if len(counts) == 1:
        [origin] = counts
        if origin is Origin.MODEL:
            return "foreseen; fwd=miss" + stored
        if origin is Origin.COALESCED:
            return "foreseen; fwd=miss; collapsed"
        return f"foreseen; hit; detail={origin.value}"
    detail = " ".join(f"{origin.value}={counts[origin]}" for origin in Origin if origin in counts)
    if Origin.MODEL in counts:
        return f'foreseen; fwd=partial{stored}; detail="{detail}"'
    return f'foreseen; {"fwd=partial; collapsed" if Origin.COALESCED in counts else "hit"}; detail="{detail}"'
