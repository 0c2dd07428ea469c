"""What the OpenAPI document says of keys and rates, where there are any."""

from typing import Any, Final

from foreseen.entrypoints.http.access import OPEN
from foreseen.entrypoints.http.openapi import problem_responses
from foreseen.settings import Settings

_SCHEME: Final = {"type": "http", "scheme": "bearer", "description": "A key whose SHA-256 is in the settings."}


def with_access(document: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """Add to a document what its operations ask of whoever calls them."""
    told = {}
    if settings.api_keys:
        document["components"]["securitySchemes"] = {"key": _SCHEME}
        told["401"] = "No key, or none that is known."
    if settings.rate_limit:
        told["429"] = f"More than {settings.rate_limit}; Retry-After says when to ask again."
    for path, operations in document["paths"].items():
        if path in OPEN:
            continue
        for operation in operations.values():
            if settings.api_keys:
                operation["security"] = [{"key": []}]
            operation["responses"] = dict(sorted((operation["responses"] | problem_responses(told)).items()))
    return document
