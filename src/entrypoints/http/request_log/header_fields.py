"""Fields of a request by name, made once by the protocol for all that look fields up."""

from typing import Final

from starlette.types import Scope

FIELDS: Final = "foreseen.fields"
"""Where a scope has them: of a name that was sent several times, the last. What reads lists takes `headers`."""


def fields_of(scope: Scope) -> dict[bytes, bytes]:
    """Return the fields of a request by name."""
    return scope.get(FIELDS) or dict(scope["headers"])
