"""Whom an answer is for: a person at a browser, or a program."""

from typing import Final

from starlette.datastructures import Headers

_PAGES: Final = ("text/html", "application/xhtml+xml")
_DOCUMENTS: Final = ("application/json", "application/problem+json")


def prefers_page(headers: Headers) -> bool:
    """Return whether Accept (RFC 9110, 12.5.1) names pages, and nowhere rather JSON, as browsers send it."""
    qualities = dict.fromkeys((*_PAGES, *_DOCUMENTS), 0.0)
    for member in ",".join(headers.getlist("accept")).split(","):
        kind, *parameters = (part.strip().lower() for part in member.split(";"))
        if kind in qualities:
            qualities[kind] = max(qualities[kind], _quality(parameters))
    best = max(qualities[kind] for kind in _PAGES)
    return best > max(qualities[kind] for kind in _DOCUMENTS)


def _quality(parameters: list[str]) -> float:
    given = next((text.removeprefix("q=") for text in parameters if text.startswith("q=")), "1")
    try:
        return min(1.0, float(given))
    except ValueError:
        return 0.0
