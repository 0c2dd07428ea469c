"""How long randomised tests look: `FORESEEN_TEST_PROFILE=long` has them try twenty times as much."""

import os
from typing import Final

from hypothesis import settings

LONG: Final = 20
"""How many times as much."""


def use_profile() -> None:
    """Take the profile that the environment names."""
    # Without deadlines: what takes 0.5 ms alone may take 400 on a machine that does other things as well.
    settings.register_profile("usual", deadline=None)
    settings.register_profile("long", deadline=None, print_blob=True)
    settings.load_profile(os.environ.get("FORESEEN_TEST_PROFILE") or "usual")


def examples(usual: int) -> int:
    """Give how many examples to try, of how many there usually are."""
    return usual * LONG if settings.get_current_profile_name().startswith("long") else usual
