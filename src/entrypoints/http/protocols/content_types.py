"""Content types: which formats of bodies are accepted, in UTF-8 alone."""

from email.message import Message
from typing import Final

JSON: Final = "application/json"
CSV: Final = "text/csv"


def is_json(content_type: str) -> bool:
    """Return whether a Content-Type declares JSON in UTF-8; other parameters are ignored, such as MLflow's `format`."""
    media_type = _in_utf_8(content_type)
    return media_type == JSON or media_type.endswith("+json")


def is_csv(content_type: str) -> bool:
    """Return whether a Content-Type declares CSV in UTF-8."""
    return _in_utf_8(content_type) == CSV


def _in_utf_8(content_type: str) -> str:
    """Return the media type of a Content-Type; empty for another charset."""
    declared = Message()
    declared["Content-Type"] = content_type
    is_utf_8 = declared.get_content_charset("utf-8") in ("utf-8", "utf8")
    return declared.get_content_type() if is_utf_8 else ""
