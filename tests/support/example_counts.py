"""How much tests try: with `FORESEEN_TEST_PROFILE=long` randomised ones twenty times as much, and others all cases."""

import os
from collections.abc import Sequence
from typing import Any, Final

from hypothesis import HealthCheck, settings

LONG: Final = 20
"""How many times as much."""

BY_THE_CLOCK: Final = (HealthCheck.too_slow,)
"""Checks of hypothesis that fail on a busy machine."""


def use_profile() -> None:
    """Use the profile that the environment names."""
    # Without deadlines: what takes 0.5 ms alone may take 400 on a machine that does other things as well.
    settings.register_profile("usual", deadline=None, suppress_health_check=BY_THE_CLOCK)
    settings.register_profile("long", deadline=None, print_blob=True, suppress_health_check=BY_THE_CLOCK)
    settings.load_profile(os.environ.get("FORESEEN_TEST_PROFILE") or "usual")


def examples(usual: int) -> int:
    """Return how many examples to try, of how many there usually are."""
    return usual * LONG if _is_long() else usual


def cases(*usual: Any, long: Sequence[Any]) -> list[Any]:
    """Return the cases of a test: usually these, and more of which each costs a start where tests try long."""
    return [*usual, *(long if _is_long() else ())]


def _is_long() -> bool:
    return settings.get_current_profile_name().startswith("long")
