"""The URL of Redis: which are taken, and what of one may be shown."""

import re
from urllib.parse import parse_qs, urlsplit


def checked_redis_url(url: str) -> str:
    """Give a URL as it is; raise ValueError, saying what was expected, where it is none that can be used."""
    try:
        parts = urlsplit(url)
        is_unix = parts.scheme == "unix"
        place = parts.path if is_unix else parts.hostname
        is_known = parts.scheme in ("redis", "rediss", "unix") and bool(place) and parts.port != 0
        has_database = is_unix or re.fullmatch(r"/?\d*", parts.path) is not None
        # Whatever else redis-py takes there would override how it is used here, or fail when it first connects.
        options = parse_qs(parts.query, keep_blank_values=True)
        is_plain = all(
            name.startswith("ssl_") or (name == "db" and value[0].isdecimal()) for name, value in options.items()
        )
    except ValueError:  # a port that is no number
        is_known = has_database = is_plain = False
    if not (is_known and has_database and is_plain):
        raise ValueError("a URL such as redis://127.0.0.1:6379/0, rediss://…?ssl_ca_certs=FILE or unix://…")
    return url


def masked(url: str) -> str:
    """Give a URL without what its user keeps to themselves: password, and query."""
    parts = urlsplit(url)
    user = f"{parts.username or ''}:***@" if parts.password else f"{parts.username}@" if parts.username else ""
    place = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{user}{place}{parts.path}"
