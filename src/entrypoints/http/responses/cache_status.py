"""Cache-Status (RFC 9211): the origin of each answer."""

from typing import Final

from foreseen.domain.answer import Answer, Origin
from foreseen.domain.identity.cache_control import NO_DIRECTIVES, Directives

BYPASSED: Final = "foreseen; fwd=bypass"
"""No cache was involved: the answer is an error, or there is no cache."""

NOT_MODIFIED: Final = "foreseen; hit; detail=etag"
"""The client has the answer already."""


def cache_status(answer: Answer, directives: Directives = NO_DIRECTIVES, *, has_cache: bool, keeps: bool) -> str:
    """Return the field's value: the origin of the instances, and for several origins the count of each.

    Args:
        keeps: whether the cache stores new entries now; not while it is disabled or found not to pay.
    """
    if not has_cache:
        return BYPASSED
    stored = "; stored" if keeps and not directives.no_store else ""
    if directives.computes_anew:
        return "foreseen; fwd=request" + stored
    counts = answer.counts
    if set(counts) == {Origin.MODEL}:
        return "foreseen; fwd=miss" + stored
    if set(counts) == {Origin.COALESCED}:
        return "foreseen; fwd=miss; collapsed"
    if len(counts) == 1:
        return f"foreseen; hit; detail={next(iter(counts)).value}"
    detail = " ".join(f"{origin.value}={counts[origin]}" for origin in Origin if origin in counts)
    if Origin.MODEL in counts:
        return f'foreseen; fwd=partial{stored}; detail="{detail}"'
    return f'foreseen; {"fwd=partial; collapsed" if Origin.COALESCED in counts else "hit"}; detail="{detail}"'
