"""Headers about the cache: Cache-Control (RFC 9111) and If-None-Match (RFC 9110)."""

import re
from binascii import b2a_base64
from typing import Final

from starlette.datastructures import Headers

from foreseen.domain.answer import Answer
from foreseen.domain.identity.cache_control import NO_DIRECTIVES, Directives
from foreseen.domain.identity.key import Key

_MAX_AGE: Final = re.compile(r'max-age\s*=\s*"?(\d{1,9})"?', re.ASCII)
_MEMBER: Final = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.)*"?)+')
"""A member of a list; a comma within quotes does not end it, even if the closing quote is missing."""


def directives(headers: Headers) -> Directives:
    """Read Cache-Control; unknown directives are ignored, as RFC 9111 requires."""
    words = [word.lower() for word in _members(headers, "cache-control")]
    if not words:
        return NO_DIRECTIVES
    ages = [int(match[1]) for word in words if (match := _MAX_AGE.fullmatch(word))]
    return Directives(
        no_cache="no-cache" in words,
        no_store="no-store" in words,
        only_if_cached="only-if-cached" in words,
        max_age_s=min(ages, default=None),
    )


def etag(key: Key, purged_us: int) -> bytes:
    """Return the strong tag of the answer to a key: the key itself, which includes the model, and the last purge.

    Args:
        purged_us: when this process was last purged, µs since 1970; 0 for never.
    """
    if purged_us:
        return b'"%s.%x"' % (b2a_base64(key, newline=False), purged_us)
    return b'"%s"' % b2a_base64(key, newline=False)


def etag_of(answer: Answer, key: Key, purged_us: int) -> bytes | None:
    """Return the tag of the answer to one key; None if it was computed before the last purge, so that a client requests
    it again."""
    entry = answer.entries[0]
    return etag(key, purged_us) if entry.created_at_us > purged_us else None


def is_known_to_client(tag: bytes, headers: Headers) -> bool:
    """Return whether If-None-Match contains a tag, or `*`."""
    tags = {member.removeprefix("W/") for member in _members(headers, "if-none-match")}
    return "*" in tags or tag.decode() in tags


def _members(headers: Headers, name: str) -> list[str]:
    """Return the members of a field that is a list; several fields of a name are one list (RFC 9110, 5.3)."""
    given = headers.getlist(name)
    return [member.strip() for member in _MEMBER.findall(",".join(given))] if given else []
