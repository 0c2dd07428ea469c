"""What the OpenAPI document says of keys and rates, where there are any."""

from typing import Any, Final

from foreseen.entrypoints.http.middleware.access_keys import ADMIN, OPEN
from foreseen.entrypoints.http.openapi.openapi_document import problem_responses
from foreseen.settings import Settings

_SCHEME: Final = {"type": "http", "scheme": "bearer", "description": "A key whose SHA-256 is in the settings."}


def with_access(document: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """Add the keys and rate limits of the settings to the operations of a document."""
    if settings.api_keys or settings.admin_keys:
        document["components"]["securitySchemes"] = {"key": _SCHEME}
    for path, operations in document["paths"].items():
        if path in OPEN:
            continue
        needs_key = bool(settings.admin_keys if path.startswith(ADMIN) else settings.api_keys)
        problems: dict[str, str] = {"401": "No key, or none that is known."} if needs_key else {}
        if settings.rate_limit:
            problems["429"] = f"More than {settings.rate_limit}; Retry-After says when to retry."
        for operation in operations.values():
            if needs_key:
                operation["security"] = [{"key": []}]
            operation["responses"] = dict(sorted((operation["responses"] | problem_responses(problems)).items()))
    return document
