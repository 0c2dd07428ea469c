"""Caching only deterministic answers: whether the model repeats its answers was tested when it was loaded."""

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from foreseen.domain.model.determinism import Determinism
    from foreseen.settings import Settings

log = logging.getLogger(__name__)


def cache_what_repeats(settings: "Settings", found: "Determinism") -> "Settings":
    """Return the settings, without a cache if the model gave an instance two answers when it was loaded.

    A cache would return the first of its many answers to an instance from then on, unlike the model alone.
    """
    if not settings.tiers.has_any or settings.cache_nondeterministic:
        return settings
    if found.rejection:
        log.warning(
            "the model rejects made-up instances, so it is unknown whether it is deterministic, and its answers are "
            "cached; an example of each feature in its sidecar would show it: %s",
            found.rejection,
        )
    elif not found.is_repeatable:
        return _uncached(settings, "the model is not deterministic", found.difference)
    elif not found.is_batch_invariant:
        return _uncached(settings, "an answer depends on the rest of its batch (see rows_per_call)", found.difference)
    return settings


def _uncached(settings: "Settings", why: str, difference: object) -> "Settings":
    log.warning("%s, so nothing is cached (cache_nondeterministic = true would): %s", why, difference)
    return settings.model_copy(update={"cache": "none"})
