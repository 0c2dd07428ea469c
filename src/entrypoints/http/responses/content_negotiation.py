"""Content negotiation: whether an answer is for a person with a browser, or for a program."""

from typing import Final

from starlette.datastructures import Headers

_PAGES: Final = ("text/html", "application/xhtml+xml")
_DOCUMENTS: Final = ("application/json", "application/problem+json")


def prefers_page(headers: Headers) -> bool:
    """Return whether Accept (RFC 9110, 12.5.1) names HTML and prefers it to JSON, as that of browsers does."""
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
