"""A problem document as a page, for a person who opened an address in a browser."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from foreseen.entrypoints.http.responses.html_pages import page, paragraph, table_of

_NAMED: Final = {"request_id": "Request", "trace_id": "Trace"}


def error_page(problem: Mapping[str, Any], root: str = "") -> str:
    """Return a page that says what a problem document says; all of it is plain text there.

    Args:
        root: the path that a proxy has put the service below.
    """
    status = problem["status"]
    places = {error["place"] or "the request": _flaw(error) for error in problem.get("errors", ())}
    named = {title: str(problem[name]) for name, title in _NAMED.items() if name in problem}
    return page(
        f"{status} {problem['title']}",
        paragraph(problem["detail"]),
        table_of(places) if len(places) > 1 else "",
        table_of(_status(status, problem["title"]) | {"Type": problem["type"], **named}),
        icon=f"{root}/favicon.svg",
    )


def _flaw(error: Mapping[str, str]) -> str:
    hint = f" ({error['hint']})" if "hint" in error else ""
    return f"expected {error['expected']}, got {error['got']}{hint}"


def _status(status: int, title: str) -> dict[str, str]:
    """Return the status with its standard phrase, unless the title is that already."""
    phrase = _phrase(status)
    return {} if title.casefold() == phrase.casefold() else {"Status": f"{status} {phrase}"}


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
