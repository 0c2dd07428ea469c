"""What headers ask of the cache: Cache-Control (RFC 9111) and If-None-Match (RFC 9110)."""

import re
from binascii import b2a_base64
from collections.abc import Mapping
from typing import Final

from foreseen.domain.directives import NO_DIRECTIVES, Directives
from foreseen.domain.key import Key

_MAX_AGE: Final = re.compile(r'max-age\s*=\s*"?(\d{1,9})"?', re.ASCII)


def directives(headers: Mapping[str, str]) -> Directives:
    """Read Cache-Control; what is unknown in it is passed over, as RFC 9111 has it."""
    given = headers.get("cache-control")
    if given is None:
        return NO_DIRECTIVES
    words = [word.strip().lower() for word in given.split(",")]
    ages = [int(match[1]) for word in words if (match := _MAX_AGE.fullmatch(word))]
    return Directives(
        no_cache="no-cache" in words,
        no_store="no-store" in words,
        only_if_cached="only-if-cached" in words,
        max_age_s=min(ages, default=None),
    )


def etag(key: Key) -> bytes:
    """Give the strong tag of the answer to a key: the key itself, since the model is in it and the answer its own."""
    return b'"%s"' % b2a_base64(key, newline=False)


def is_known_to_client(tag: bytes, if_none_match: str | None) -> bool:
    """Tell whether If-None-Match names a tag, or any."""
    if if_none_match is None:
        return False
    tags = {given.strip().removeprefix("W/") for given in if_none_match.split(",")}
    return "*" in tags or tag.decode() in tags
