"""Content types: which formats of bodies are accepted, in UTF-8 alone."""

import re
from typing import Final

JSON: Final = "application/json"
CSV: Final = "text/csv"

# Possessive quantifiers: otherwise a quotation mark that is never closed would be looked for again from each place.
_PARAMETER: Final = re.compile(r';(?P<name>[^=;"]*+)(?:=[ \t]*+(?P<value>"(?:[^"\\]|\\.)*+"|[^;]*+))?')


def is_json(content_type: str) -> bool:
    """Return whether a Content-Type declares JSON in UTF-8; other parameters are ignored, such as MLflow's `format`."""
    media_type = _in_utf_8(content_type)
    return media_type == JSON or ("/" in media_type[1:] and media_type.endswith("+json"))


def is_csv(content_type: str) -> bool:
    """Return whether a Content-Type declares CSV in UTF-8."""
    return _in_utf_8(content_type) == CSV


def _in_utf_8(content_type: str) -> str:
    """Return the media type of a Content-Type; empty for another charset.

    Source:
        RFC 9110, sections 5.6.6 and 8.3.1. What mail knows as well, `charset*=` and `charset*0=`, is another one.
    """
    media_type, parameters = content_type.partition(";")[::2]
    for found in _PARAMETER.finditer(f";{parameters}"):
        name = found["name"].strip().partition("*")[0]
        if name.lower() == "charset" and _unquoted(found["value"] or "").lower() not in ("utf-8", "utf8"):
            return ""
    return media_type.strip().lower()


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value.strip().removeprefix('"').removesuffix('"'))
