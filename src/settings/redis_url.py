"""The URL of Redis: checked, and masked so that it can be shown.

Messages repeat only its scheme and the names of its options: anything else may be part of a password that was written
in the wrong place.
"""

import re
from ipaddress import IPv6Address
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from foreseen.settings.redis_options import check_options
from foreseen.settings.wrong_value import WrongValueError

SENTINEL: Final = "+sentinel"
"""End of the scheme of a URL that names Sentinels."""

SCHEMES: Final = ("redis", "rediss", "unix", "redis" + SENTINEL, "rediss" + SENTINEL)

_SHOWN_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,19}")
_HOST: Final = re.compile(r"[^\s/\\?#@\[\]%,;:<>\"'`{}|^]+")
_DATABASE: Final = re.compile(r"/?[0-9]{0,9}")
_SERVICE: Final = re.compile(r"/[^\s/]+(/[0-9]{0,9})?")
_LAST_PORT: Final = 65535

_ENCODED: Final = "a user and a password in which @ / ? # [ ] are percent-encoded: %40 %2F %3F %23 %5B %5D"

_ADDRESS: Final = "an IPv6 address in the brackets, such as redis://[::1]:6379/0"


def checked_redis_url(url: str) -> str:
    """Return a URL without surrounding blanks; raise ValueError, naming the part that is wrong, if one is."""
    url = url.strip()
    if any(character.isspace() or not character.isprintable() for character in url):
        raise ValueError("a URL without blanks and control characters in it, which are percent-encoded: %20 is a blank")
    _check_scheme(url)
    parts = _split(url)
    user, _, place = parts.netloc.rpartition("@")
    _check_user(user)
    if parts.scheme == "unix":
        _check_socket(parts.path, place)
    else:
        for each in place.split(","):
            _check_place(each)
        _check_path(parts)
    check_options(parts.query, has_tls=parts.scheme.startswith("rediss"))
    return url


def names_sentinels(url: str) -> bool:
    """Return whether a URL names Sentinels, which know where the primary is."""
    return urlsplit(url).scheme.endswith(SENTINEL)


def has_many_hosts(url: str) -> bool:
    """Return whether a URL names several hosts."""
    return "," in urlsplit(url).netloc.rpartition("@")[2]


def masked(url: str) -> str:
    """Return a URL without its password and its query, which may be secret."""
    parts = urlsplit(url)
    user = f"{parts.username or ''}:***@" if parts.password else f"{parts.username}@" if parts.username else ""
    place = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{user}{place}{parts.path}"


def _check_scheme(url: str) -> None:
    scheme, _, rest = url.partition(":")
    if scheme.lower() in SCHEMES and rest.startswith("//"):
        return
    expected = "a URL that begins with redis://, rediss:// (TLS), unix:// or redis+sentinel://"
    if rest.startswith("//") and _SHOWN_SCHEME.fullmatch(scheme):
        raise WrongValueError(expected, got=f"one that begins with {scheme}://")
    raise ValueError(expected)


def _split(url: str) -> SplitResult:
    """Return the parts of a URL; raise ValueError if one may be the rest of a password with an unencoded character."""
    before, has_fragment, after = url.partition("#")
    if has_fragment and "@" not in after:
        raise ValueError("a URL without #, which is written %23 in a password")
    try:
        parts = urlsplit(before)
    except ValueError:  # one bracket, no address in two, or a letter that NFKC turns into / ? # @ or :
        place = re.split("[/?]", before.partition("://")[2])[0].rpartition("@")[2]
        raise ValueError(_ADDRESS if place.startswith("[") else _ENCODED) from None
    names = "".join(option.partition("=")[0] for option in parts.query.split("&"))
    has_user = "@" in parts.netloc
    if has_fragment or "@" in names or (not has_user and "@" in parts.path + parts.query and not _is_socket(parts)):
        raise ValueError(_ENCODED)
    if "@" in parts.path and parts.scheme != "unix":
        raise ValueError(_ENCODED)
    return parts


def _is_socket(parts: SplitResult) -> bool:
    """Return whether a URL names a socket and no user: then its path may contain any character."""
    return parts.scheme == "unix" and not parts.netloc


def _check_user(user: str) -> None:
    try:
        unquote(user, errors="strict")
    except UnicodeDecodeError:
        raise ValueError("a user and a password that are percent-encoded as UTF-8") from None


def _check_socket(path: str, place: str) -> None:
    if place:
        raise ValueError("three slashes before the path of a socket, such as unix:///run/redis.sock")
    if not path.strip("/"):
        raise ValueError("the path of a socket, such as unix:///run/redis.sock")


def _check_path(parts: SplitResult) -> None:
    if parts.scheme.endswith(SENTINEL):
        if not _SERVICE.fullmatch(parts.path):
            raise ValueError("what the Sentinels call the primary after the hosts, such as /mymaster or /mymaster/0")
    elif not _DATABASE.fullmatch(parts.path):
        raise ValueError("the number of a database after the host and port, such as /0")


def _check_place(place: str) -> None:
    host, _, port = place.rpartition(":") if re.search(r":[^\]]*$", place) else (place, "", "6379")
    if not host:
        raise ValueError("a host, such as that of redis://127.0.0.1:6379/0")
    if host.startswith("["):
        _check_address(host)
    elif ":" in host:
        raise ValueError("a host without colons, or an IPv6 address in brackets, such as redis://[::1]:6379/0")
    elif not _HOST.fullmatch(host):
        raise ValueError("one host of letters, digits, dots and dashes, or an IPv6 address in brackets")
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 1 <= int(port) <= _LAST_PORT:
        raise ValueError(f"a port from 1 to {_LAST_PORT} after the host; a password is followed by @")


def _check_address(host: str) -> None:
    try:
        IPv6Address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        raise ValueError(_ADDRESS) from None
