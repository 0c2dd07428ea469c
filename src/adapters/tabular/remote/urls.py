"""Names of files that are URLs: which of them name a store, and how they are shown."""

import re
from typing import Final
from urllib.parse import urlsplit

_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(::|://)")
_DATABASES: Final = ("sqlite", "duckdb")
_HTTP: Final = ("http", "https")
_QUERY: Final = re.compile(r"(\w://[^\s?'\"]*)\?[^\s'\"]*")
_USER: Final = re.compile(r"(?<=\w://)[^\s/@'\"]*@")


def is_remote(path: str) -> bool:
    """Return whether a name is a URL of a store rather than a path."""
    return bool(_URL.match(path)) and urlsplit(path).scheme not in _DATABASES


def is_http(url: str) -> bool:
    """Return whether a URL is of an HTTP server, which has files but no folders."""
    return urlsplit(url).scheme in _HTTP


def shown_url(url: str) -> str:
    """Return a URL for errors and rejects, without its secret parts: the query, the user and the password."""
    place = url.partition("?")[0]
    scheme, found, rest = place.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{found}{host.rpartition('@')[2]}{slash}{path}"


def without_secrets(said: str) -> str:
    """Return a library's message without the secret parts of the URLs in it."""
    return _USER.sub("", _QUERY.sub(r"\1", said))
