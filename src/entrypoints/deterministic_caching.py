"""Caching only what repeats: what the model showed at load decides before its first answer is kept."""

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from foreseen.domain.model.determinism import Determinism
    from foreseen.settings import Settings

log = logging.getLogger(__name__)


def cache_what_repeats(settings: "Settings", found: "Determinism") -> "Settings":
    """Return the settings, without a cache if the model gave an instance two answers when it was loaded.

    What was kept would be one of its many answers, and be given from then on: not what it says without a cache.
    """
    if not settings.tiers.has_any or settings.cache_nondeterministic:
        return settings
    if found.refusal:
        log.warning(
            "the model rejects made-up instances, so whether it repeats its answers is not known, and they are cached; "
            "an example of each feature in its sidecar would show it: %s",
            found.refusal,
        )
    elif not found.is_repeatable:
        return _uncached(settings, "the model contradicts itself", found.difference)
    elif not found.is_batch_invariant:
        return _uncached(settings, "an answer depends on the rest of its batch (see rows_per_call)", found.difference)
    return settings


def _uncached(settings: "Settings", why: str, difference: object) -> "Settings":
    log.warning("%s, so nothing is cached (cache_nondeterministic = true would): %s", why, difference)
    return settings.model_copy(update={"cache": "none"})
