"""Caching only what repeats: what the model showed at load decides before its first answer is kept."""

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from foreseen.domain.ports import Predictor
    from foreseen.settings import Settings
    from foreseen.wiring.container import Container

log = logging.getLogger(__name__)


def cache_what_repeats(container: "Container") -> None:
    """Set the cache to none if the model gave an instance two answers when it was loaded.

    What was kept would be one of its many answers, and be given from then on: not what it says without a cache.

    Raises:
        ModelUnavailableError: the model cannot be loaded.
    """
    settings: Settings = container.settings()
    if settings.tiers == "none" or settings.cache_nondeterministic:
        return
    predictor: Predictor = container.predictor()
    found = predictor.info.determinism
    if found.refusal:
        log.warning(
            "the model rejects made-up instances, so whether it repeats its answers is not known, and they are cached; "
            "an example of each feature in its sidecar would show it: %s",
            found.refusal,
        )
    elif not found.is_repeatable:
        _cache_nothing(container, "the model contradicts itself", found.difference)
    elif not found.is_batch_invariant:
        _cache_nothing(container, "an answer depends on the rest of its batch (see rows_per_call)", found.difference)


def _cache_nothing(container: "Container", why: str, difference: object) -> None:
    log.warning("%s, so nothing is cached (cache_nondeterministic = true would): %s", why, difference)
    settings: Settings = container.settings()
    container.settings.override(settings.model_copy(update={"cache": "none"}))
