"""How binding a check is."""

from typing import Final, NoReturn

import pytest

LEVELS: Final = ("MUST", "SHOULD", "EXTENSION")
"""The specification says so; widespread clients need it; an extension says so, where it is served."""

must: Final = pytest.mark.level("MUST")
should: Final = pytest.mark.level("SHOULD")


def extension(name: str) -> pytest.MarkDecorator:
    """Return the mark of a check of an extension, by the name under which servers list it."""
    return pytest.mark.level("EXTENSION", extension=name)


NOT_SERVED: Final = "not served"
NOT_APPLICABLE: Final = "not applicable"


def not_served(what: str) -> NoReturn:
    """End a check of something optional that the server does not have."""
    pytest.skip(f"{NOT_SERVED}: {what}")


def not_applicable(why: str) -> NoReturn:
    """End a check that has no meaning for this model."""
    pytest.skip(f"{NOT_APPLICABLE}: {why}")
