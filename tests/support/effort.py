"""How long randomised tests look: `FORESEEN_TEST_PROFILE=long` has them try twenty times as much."""

import os
from typing import Final

from hypothesis import settings

LONG: Final = 20
"""How many times as much."""


def use_profile() -> None:
    """Take the profile that the environment names."""
    settings.register_profile("long", deadline=None, print_blob=True)
    if name := os.environ.get("FORESEEN_TEST_PROFILE"):
        settings.load_profile(name)


def examples(usual: int) -> int:
    """Give how many examples to try, of how many there usually are."""
    return usual * LONG if settings.get_current_profile_name().startswith("long") else usual
