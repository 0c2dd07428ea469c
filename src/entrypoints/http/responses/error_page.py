"""A problem document as an HTML page, for a person with a browser."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final, NotRequired, TypedDict, cast

from foreseen.entrypoints.http.responses.html_pages import page, paragraph, table_of

_NAMED: Final = {"request_id": "Request", "trace_id": "Trace"}


class _Problem(TypedDict):
    type: str
    title: str
    status: int
    detail: str
    errors: NotRequired[Sequence[Mapping[str, str]]]


def error_page(problem: Mapping[str, object], root: str = "") -> str:
    """Return a problem document as an HTML page; its values are escaped.

    Args:
        root: the path below which a proxy provides the service.
    """
    document = cast("_Problem", problem)
    status = document["status"]
    places = {error["place"] or "the request": _violation(error) for error in document.get("errors", ())}
    named = {title: str(problem[name]) for name, title in _NAMED.items() if name in problem}
    return page(
        f"{status} {document['title']}",
        paragraph(document["detail"]),
        table_of(places) if len(places) > 1 else "",
        table_of(_status(status, document["title"]) | {"Type": document["type"], **named}),
        icon=f"{root}/favicon.svg",
    )


def _violation(error: Mapping[str, str]) -> str:
    hint = f" ({error['hint']})" if "hint" in error else ""
    return f"expected {error['expected']}, got {error['got']}{hint}"


def _status(status: int, title: str) -> dict[str, str]:
    """Return the status with its standard phrase, or nothing if the title is that phrase."""
    phrase = _phrase(status)
    return {} if title.casefold() == phrase.casefold() else {"Status": f"{status} {phrase}"}


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
