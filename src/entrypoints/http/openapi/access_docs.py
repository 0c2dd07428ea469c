"""Keys and rate limits in the OpenAPI document."""

from typing import TYPE_CHECKING, Final, TypedDict, cast

from foreseen.entrypoints.http.middleware.access_keys import ADMIN, OPEN
from foreseen.entrypoints.http.openapi.openapi_document import problem_responses
from foreseen.entrypoints.http.responses.problem_formats import JSON_TYPE, format_of
from foreseen.entrypoints.http.responses.problems import MEDIA_TYPE
from foreseen.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCHEME: Final = {"type": "http", "scheme": "bearer", "description": "A key whose SHA-256 is in the settings."}


class _Operation(TypedDict, total=False):
    security: list[dict[str, list[str]]]
    responses: dict[str, dict[str, object]]


def with_access(document: dict[str, object], settings: Settings) -> dict[str, object]:
    """Add the keys and the rate limit of the settings to the operations of a document, in place, and return it."""
    if settings.api_keys or settings.admin_keys:
        cast("dict[str, object]", document["components"])["securitySchemes"] = {"key": _SCHEME}
    for path, operations in cast("Mapping[str, Mapping[str, _Operation]]", document["paths"]).items():
        if path in OPEN:
            continue
        needs_key = bool(settings.admin_keys if path.startswith(ADMIN) else settings.api_keys)
        media_type = MEDIA_TYPE if format_of(path) is None else JSON_TYPE
        problems: dict[str, str] = {"401": "No key, or an unknown one."} if needs_key else {}
        if settings.rate_limit:
            problems["429"] = f"More than {settings.rate_limit}; Retry-After says when to retry."
        for operation in operations.values():
            if needs_key:
                operation["security"] = [{"key": []}]
            of_access = problem_responses(problems, media_type)
            operation["responses"] = dict(sorted((operation["responses"] | of_access).items()))
    return document
