"""Cache-Status (RFC 9211): every answer tells where it came from."""

from typing import Final

from foreseen.domain.answer import Answer, Origin
from foreseen.domain.identity.cache_control import NO_DIRECTIVES, Directives

BYPASSED: Final = "foreseen; fwd=bypass"
"""No cache had a part in the answer: it is an error, or there is no cache."""

NOT_MODIFIED: Final = "foreseen; hit; detail=etag"
"""The client knows the answer already."""


def cache_status(answer: Answer, directives: Directives = NO_DIRECTIVES, *, has_cache: bool, keeps: bool) -> str:
    """Word where the instances of an answer came from; of several, how many came from where.

    Args:
        keeps: whether the cache keeps what is computed now. It may be disabled, or step aside.
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
