"""Caching only what repeats: a look at the model before its first answer is kept."""

import logging
from typing import TYPE_CHECKING, Final

from foreseen.domain.determinism import determinism

if TYPE_CHECKING:
    from foreseen.container import Container
    from foreseen.domain.ports import Predictor
    from foreseen.settings import Settings

BUDGET_S: Final = 2.0
"""Seconds that the look may take, where two calls of one row do not take longer."""

log = logging.getLogger(__name__)


def cache_what_repeats(container: "Container") -> None:
    """Ask the model for a few made-up instances, and set the cache to none if it contradicts itself.

    What was kept would be one of its many answers, and be given from then on: not what it says without a cache.

    Raises:
        ModelUnavailableError: the model cannot be had.
    """
    settings: Settings = container.settings()
    if settings.tiers == "none" or settings.cache_when == "always":
        return
    predictor: Predictor = container.predictor()
    found = determinism(predictor.predict, predictor.info.signature)
    if found.refusal:
        log.debug("whether the model is deterministic is not known: %s", found.refusal)
    elif not found.is_repeatable:
        log.warning(
            "the model contradicts itself, so nothing is cached (cache_when = always would): %s", found.difference
        )
        container.settings.override(settings.model_copy(update={"cache": "none"}))
    elif not found.is_batch_invariant:
        log.warning(
            "an answer depends on what else is asked, and the first one is cached (see rows_per_call): %s",
            found.difference,
        )
